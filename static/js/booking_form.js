// Lists update while one types and chooses: their buttons are for browsers without scripts.
for (const one of document.querySelectorAll("[data-booking-form] [data-without-script]")) one.remove();
