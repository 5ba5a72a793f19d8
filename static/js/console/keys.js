// Single-key shortcuts. Each clicks the link or button with its data-key, on the page or in the
// focused row, or focuses the field with it. So the server decides what keys can do; it turns
// them off with <html data-shortcuts="off">.
(() => {
  'use strict';

  const sequenceTimeout = 1500; // milliseconds between the two keys of a sequence
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const off = () => document.documentElement.dataset.shortcuts === 'off';

  const usable = (element) => !element.disabled && !element.closest('[hidden]');
  const keyed = (key, root) => $$(`[data-key="${CSS.escape(key)}"]`, root).filter(usable);
  const rows = () => $$('main [data-row]').filter((row) => row.querySelector('a[href]'));
  const rowNow = () => document.activeElement?.closest('[data-row]');

  // pressedBy returns the element that a key clicks now. While a row has the focus, its actions
  // never apply to the page.
  // While rows are selected, the actions are those of the selection.
  const rowActions = ['e', 'y', '#', 'x', 'Space'];
  function pressedBy(key) {
    const row = rowNow();
    const selected = document.querySelector('[data-pick]:checked') && keyed(key, document.querySelector('.bulk'))[0];
    if (selected) return selected;
    if (row && rowActions.includes(key)) {
      row.dispatchEvent(new CustomEvent('console:menu', { bubbles: true }));
      return keyed(key, row)[0];
    }
    const all = keyed(key).filter((element) => !element.closest('[data-row], .bulk'));
    return all.findLast((element) => element.closest('.flash')) ?? all[0]; // the newest message's
  }

  function press(element) {
    if (!element) return false;
    if (element.matches('input:not([type="checkbox"])')) {
      element.focus();
      element.select();
    } else element.click();
    return true;
  }

  // select selects the rows from the one that was selected last to the focused one.
  function select() {
    const box = rowNow()?.querySelector('[data-pick]:enabled');
    box?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey: true }));
    return !!box;
  }

  function step(by) {
    const all = rows(), at = all.indexOf(rowNow());
    const next = at < 0 ? startOf(all, by) : all[at + by];
    next?.querySelector('a[href]').focus();
    return all.length > 0;
  }

  // startOf returns the first row that is fully visible, or the last one for upwards.
  function startOf(all, by) {
    const { scrollPaddingBlockStart: above, scrollPaddingBlockEnd: below } = getComputedStyle(document.documentElement);
    const seen = all.filter((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return top >= (parseFloat(above) || 0) && bottom <= innerHeight - (parseFloat(below) || 0);
    });
    return (seen.length ? seen : all).at(by > 0 ? 0 : -1);
  }

  // ---- keys ----

  const typing = 'input:not([type="radio"], [type="checkbox"]), textarea, select, [contenteditable]:not([contenteditable="false"])';
  let first = { key: '', at: 0 };

  function act(key, at) {
    const before = at - first.at < sequenceTimeout ? first.key + ' ' : '';
    first = { key: '', at: 0 };
    if (before && press(pressedBy(before + key))) return true;
    if (key === 'j') return step(1);
    if (key === 'k') return step(-1);
    if (key === 'X') return select();
    if (document.querySelector(`[data-key^="${CSS.escape(key)} "]`)) {
      first = { key, at };
      return true;
    }
    return press(pressedBy(key));
  }

  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (off() || event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (key.length !== 1 || target.closest?.(typing) || document.querySelector('dialog[open]')) return;
    const plain = key === ' ' ? 'Space' : event.shiftKey ? key : key.toLowerCase(); // also with Caps Lock
    if (plain === 'Space' && (event.shiftKey || target.closest?.('input, button, summary') || !rowNow())) return; // it presses or scrolls
    if (event.repeat && plain !== 'j' && plain !== 'k') return;
    if (act(plain, event.timeStamp)) event.preventDefault();
  });

  // ---- the dialog: only the shortcuts of this page ----

  const ofRows = (key) => document.getElementById('row-menu')?.content.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const here = (keys) => (['j', 'k', 'Enter'].includes(keys) ? rows().length > 0 : keys === 'X' ? here('x') : keyed(keys).length > 0 || !!ofRows(keys));

  document.addEventListener('console:dialog', ({ detail: dialog }) => {
    if (!dialog.querySelector('.keys')) return;
    dialog.setAttribute('role', 'dialog');
    for (const entry of $$('[data-for]', dialog)) entry.hidden = !here(entry.dataset.for);
    for (const group of $$('.keys > section', dialog)) group.hidden = !group.querySelector('[data-for]:not([hidden])');
    for (const note of $$('[data-for-rows]', dialog)) note.hidden = rows().length === 0 || !rowActions.some(here);
  });

  // ---- aria-keyshortcuts, for single keys ----

  function announceKeys() {
    if (off()) return;
    for (const element of $$('[data-key]')) {
      if (element.dataset.key.length === 1 && !element.closest('[data-row]')) element.setAttribute('aria-keyshortcuts', element.dataset.key);
    }
  }
  document.addEventListener('htmx:after:swap', announceKeys);
  announceKeys();
})();
