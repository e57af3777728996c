// Where a stamp lies on a page, by the arithmetic of signing/pdf/geometry.py. Fractions are of the page as displayed,
// from its top left.
const ASPECT = 0.4; // height of a stamp, as a share of its width
const LEAST_WIDTH = 10; // units of user space
const USUAL_WIDTH = 1 / 2; // of a page that was signed before, as shares of what is displayed
const USUAL_HEIGHT = 1 / 3;

const within = (value, least, most) => Math.min(Math.max(value, least), most);

// The page as pdf.js reads it: width and height as displayed in units of user space, points of paper in a unit, and
// whether the document carries a signature.
export function pageGeometry(page, { isSigned }) {
  const [x0, y0, x1, y1] = page.view;
  const turned = page.rotate % 180 !== 0;
  const [width, height] = turned ? [y1 - y0, x1 - x0] : [x1 - x0, y1 - y0];
  return { width, height, unit: page.userUnit, isSigned };
}

// The stamp whose centre was put at `x`, `y`, and whose width is `width`: moved, and if necessary made smaller, so
// that it lies within the page. `points`: its width on paper.
export function stampOn(page, { x, y, width }) {
  let wide = within((page.isSigned ? usualWidth(page, width) : width) * page.width, LEAST_WIDTH, page.width);
  let tall = wide * ASPECT;
  if (tall > page.height) [wide, tall] = [page.height / ASPECT, page.height];
  tall = Math.max(tall, Math.min(page.height, 1));
  const left = within(x * page.width - wide / 2, 0, page.width - wide);
  const top = within(y * page.height - tall / 2, 0, page.height - tall);
  return {
    left: left / page.width,
    top: top / page.height,
    width: wide / page.width,
    height: tall / page.height,
    points: wide * page.unit,
  };
}

function usualWidth(page, width) {
  const [most, tallest] = [page.width * USUAL_WIDTH, page.height * USUAL_HEIGHT];
  return Math.min(width, Math.min(most, tallest / ASPECT) / page.width);
}
