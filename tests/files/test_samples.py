"""Each sample of other software's documents has its intended trait, and a viewer opens it where it should."""

from __future__ import annotations

import io
import re

import pikepdf
import pytest

from tests.pdf_samples import SAMPLES, Sample
from tests.sample_folder import viewer_opens


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_each_sample_has_its_trait(sample: Sample) -> None:
    content = sample.content()
    if isinstance(sample.trait, bytes):
        assert re.search(sample.trait, content)
        return
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert sample.trait(pdf)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_viewer_opens_each_sample_but_those_that_are_refused(sample: Sample) -> None:
    assert viewer_opens(sample.content()) is not bool(sample.refused)
