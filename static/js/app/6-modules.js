// What is loaded when it is first used.

// ---- modules: that of a link with data-module opens it in place; that of data-upgrade enhances its element ----

const tools = { $, $$, parse, say, focus, count, menuOf, closeMenu, signIn, showRefusal, showTrouble, hideTrouble, unreachable };

const upgrade = (element) => import(element.dataset.upgrade).then((module) => module.upgrade(element, tools));

on('click', async (event) => {
  const link = near(event, 'a[data-module]');
  if (!link) return;
  event.preventDefault();
  const opener = opensFrom(event, link); // before a menu closes
  try {
    const module = await import(link.dataset.module);
    module.open(link, opener, tools);
  } catch {
    location.assign(link.href);
  }
});

// ---- the palette has a key, also where single keys are off ----

const mac = /Mac|iP/.test(navigator.platform);
on('keydown', (event) => {
  if (event.key !== 'k' || !(mac ? event.metaKey : event.ctrlKey) || event.shiftKey || event.altKey) return;
  const link = $('.finder');
  if (!link || $('dialog[open]:not(.palette)')) return;
  event.preventDefault();
  link.click();
});
on('DOMContentLoaded', () => { if (mac && $('.finder kbd')) $('.finder kbd').textContent = '⌘K'; });
