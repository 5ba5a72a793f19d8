// Enhancements of the pages, all of which work without this file. It listens on the document
// and finds elements by their attributes. The files of this folder are joined into app.js, in the order of
// their names, as one strict function: what one declares, those after it use.
//
//   data-copy="text"          copies the text              data-reveal="id"   shows that password
//   data-copy-code            copies the code of its .listing
//   data-copy-row="id|curl"   copies the row's ID, or the closest data-curl with that ID
//   data-strength="id"        rates that password          data-stay          extends the session
//   data-counter="id"         counts that field's length   data-dialog        opens the link's page in a dialog
//   data-print                prints the page              form[data-file]    responds with a file, as button[data-file] does
//   data-key="c"              has a shortcut: see keys.js, which gets console:dialog for each dialog
//   form[data-guard]          warns before leaving         form[data-draft]   saves its draft at that address
//   data-menu                 opens the menu of a row: #row-menu, filled for the row
//   data-focus="row|next|#id" what gets the focus after a swap
//   data-state="archived"     the row's status after its form succeeds; data-of="id" is the row, if outside it
//   data-announce, data-title of a region: a sentence to announce, and the document's new title

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const on = (type, handle, options) => document.addEventListener(type, handle, options);
const near = (event, selector) => event.target instanceof Element && event.target.closest(selector);

document.documentElement.classList.add('js');

// ---- trusted types: responses of the console are trusted as markup, never as scripts ----

const markup = { createHTML: (html) => html };
const policy = window.trustedTypes?.createPolicy('console', markup) ?? markup;
const parse = (html) => new DOMParser().parseFromString(policy.createHTML(html), 'text/html');
on('DOMContentLoaded', () => window.htmx?.registerExtension('trusted-types', { init: (api) => api.initSecurity(policy) }));

// ---- announcements: one polite live region, the last sentence wins ----

let saying;
function say(text, wait = 120) {
  clearTimeout(saying);
  if (!text) return;
  const region = $('#status');
  region.textContent = '';
  saying = setTimeout(() => { region.textContent = text; }, wait);
}

function focus(element) {
  if (!element) return;
  if (!element.matches('a[href],button,input,select,textarea,summary,[tabindex]')) element.tabIndex = -1;
  element.focus();
}

// ---- links: clicks that open another tab or window are left to the browser ----

on('click', (event) => {
  const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (elsewhere && near(event, 'a[href]')) event.stopImmediatePropagation();
}, { capture: true });
