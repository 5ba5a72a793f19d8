// Selecting rows of a list, which works without this file: it counts what is selected, selects
// all rows of the page, and selects ranges with Shift.
//
//   data-pick      a row's checkbox         data-pick-all   the checkbox of all rows on the page
//   data-picked    how many are selected
(() => {
  'use strict';

  const $ = (selector) => document.querySelector(selector);
  const boxes = () => [...document.querySelectorAll('[data-pick]:enabled')];
  let last; // the row that was selected last

  function update(quietly) {
    const all = boxes(), head = $('[data-pick-all]:enabled'), count = $('[data-picked]');
    if (!head || !count) return;
    const n = all.filter((box) => box.checked).length;
    head.checked = n > 0 && n === all.length;
    head.indeterminate = n > 0 && n < all.length;
    const words = `${n} selected`;
    if (!quietly && count.textContent !== words) $('#status').textContent = words;
    count.textContent = words;
  }

  // selectFrom selects the rows between two.
  function selectFrom(start, box) {
    const all = boxes(), to = all.indexOf(box), from = all.findIndex(({ value }) => value === start);
    for (const other of all.slice(Math.min(from, to), Math.max(from, to) + 1)) other.checked = true;
  }
  document.addEventListener('click', (event) => {
    const box = event.target instanceof Element && event.target.closest('[data-pick]:enabled');
    if (!box) return;
    const start = boxes().some(({ value }) => value === last) ? last : box.value;
    if (event.shiftKey) setTimeout(() => { selectFrom(start, box); update(); }); // once the click has toggled the box
    last = box.value;
  });
  document.addEventListener('change', (event) => {
    if (event.target.matches('[data-pick-all]')) for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.matches('[data-pick], [data-pick-all]')) update();
  });
  document.addEventListener('reset', (event) => { if (event.target.matches('.bulk')) setTimeout(update); });
  document.addEventListener('htmx:after:swap', () => update(true));
  addEventListener('pageshow', () => update(true)); // Back may restore a selection
})();
