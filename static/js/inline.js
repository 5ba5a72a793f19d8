// Inline edit: one field of an object's edit form, in place of what the page shows of it. Enter saves (in a
// text of several lines, Shift+Enter starts a new one), Esc restores. What is wrong with the field stands
// beside it; if somebody else changed it meanwhile, the form asks which version to keep.

let tools, editing; // the field that is edited, and what it stands in for

// open shows the field that a link to the form names.
export async function open(link, _, given) {
  tools = given;
  if (link.closest('.peek')) return location.assign(link.href);
  restore();
  const shown = link.closest('[data-inline]'), name = link.hash.slice(1);
  link.ariaBusy = 'true';
  const form = await formOf(link.href, name).finally(() => { link.ariaBusy = null; });
  if (!form) return location.assign(link.href);
  editing = { form, shown, link, name };
  shown.hidden = true;
  shown.after(form);
  form.addEventListener('input', () => { form.dataset.guard = 'dirty'; });
  form.addEventListener('keydown', keyed);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    save();
  });
  tools.$('.actions a', form).addEventListener('click', (event) => {
    event.preventDefault();
    restore();
  });
  const field = input();
  field.focus();
  if (field.matches('input')) field.select();
  else field.setSelectionRange(field.value.length, field.value.length);
}

const input = () => tools.$('#' + editing.name, editing.form);

// formOf returns the form at an address without its other fields, which then stay as they are.
async function formOf(address, name) {
  const response = await fetch(address, { headers: { Accept: 'text/html' } });
  if (!response.ok || response.redirected) return null;
  const form = tools.$('form[data-guard]', tools.parse(await response.text()));
  const field = fieldIn(form, name);
  for (const other of tools.$$('.field', form)) if (other !== field) other.remove();
  for (const own of Object.keys(form.dataset)) delete form.dataset[own]; // what is about the page
  form.className = 'fields';
  return form;
}

// fieldIn returns a field of a form, whose label only screen readers need here.
function fieldIn(form, name) {
  const field = tools.$(`.field:has(#${name})`, form);
  tools.$('label', field).className = 'hide';
  return field;
}

function keyed(event) {
  if (event.isComposing) return;
  if (event.key === 'Escape') restore();
  else if (event.key !== 'Enter' || event.shiftKey || !event.target.matches('textarea')) return;
  else editing.form.requestSubmit();
  event.preventDefault();
}

// restore leaves the field as it is.
function restore() {
  if (!editing) return;
  const { form, shown, link } = editing;
  editing = null;
  form.remove();
  shown.hidden = false;
  link.focus();
}

async function save() {
  const { form, name } = editing;
  if (form.ariaBusy) return;
  form.ariaBusy = 'true';
  tools.hideTrouble();
  try {
    const response = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { Accept: 'text/html' } });
    if (response.status === 401) return tools.signIn({ form });
    if (response.status === 409) return choose(form);
    if (!response.ok && response.status !== 422) return tools.showRefusal({ sourceElement: form }, response.status, response);
    const page = tools.parse(await response.text());
    if (response.ok) return saved(page);
    tools.$('.field', form).replaceWith(fieldIn(page, name));
    input().focus();
  } catch {
    tools.showTrouble(tools.unreachable, '', () => form.requestSubmit());
  } finally {
    form.ariaBusy = null;
  }
}

// choose leads to the page with both versions.
function choose(form) {
  delete form.dataset.guard;
  form.submit();
}

// saved shows the object as it is now.
function saved(page) {
  const { link } = editing, { $ } = tools;
  editing = null;
  for (const part of ['main', '#flashes']) $(part).replaceChildren(...$(part, page).childNodes);
  document.title = page.title;
  window.htmx?.process($('main'));
  const ctx = { response: { status: 200 }, focusTo: `[href="${CSS.escape(link.getAttribute('href'))}"]` };
  document.dispatchEvent(new CustomEvent('htmx:after:swap', { detail: { ctx } }));
}
