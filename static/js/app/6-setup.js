// What happens when a page, or a part of one, has arrived.

// ---- setup of a page or a part of one ----

function prepare(root) {
  for (const element of $$('[data-upgrade]', root)) upgrade(element);
  for (const field of $$('[data-find]', root)) field.removeAttribute('name'); // what is searched isn't part of the form
  for (const form of $$('form[data-guard]', root)) if (!before.has(form)) before.set(form, contents(form));
  for (const counter of $$('[data-counter]', root)) {
    const field = document.getElementById(counter.dataset.counter);
    if (field) count(field, true);
  }
}
on('htmx:after:process', (event) => prepare(event.target.nodeType === 1 ? event.target.parentNode ?? event.target : document));
on('DOMContentLoaded', () => {
  prepare(document);
  const flash = $('#flashes [data-fresh]');
  flash?.removeAttribute('data-fresh');
  say(flash?.dataset.say, 500); // after screen readers have read the page
});

// ---- links show that they are at work; one that leads to a file never leaves the page ----

on('click', (event) => {
  const link = near(event, 'a[href]');
  if (!link || event.defaultPrevented || link.target || link.hash || link.origin !== location.origin) return;
  link.ariaBusy = 'true';
  setTimeout(() => { link.ariaBusy = null; }, 5000);
});
