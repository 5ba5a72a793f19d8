// Requests of htmx: addresses, focus, and what is shown if one fails.

// ---- htmx: addresses, errors, focus ----

on('htmx:config:request', (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceElement.dataset?.of && !rowOf(ctx.sourceElement)) { // the row isn't on this page
    event.preventDefault();
    return ctx.sourceElement.submit();
  }
  const { body, method } = ctx.request;
  if (method === 'GET') for (const [key, value] of [...body]) if (value === '') body.delete(key);
  // Typing replaces the address, so that Back leaves the search instead of undoing it letter by letter.
  if (ctx.sourceEvent?.type === 'input' && new URLSearchParams(location.search).has('q')) {
    ctx.replace = 'true';
    ctx.push = null;
  }
});

// A search waits until an input method has composed a word, such as a Chinese one.
const searching = (event) => near(event, '[type="search"], [data-find]');
on('input', (event) => { if (event.isComposing && searching(event)) event.stopPropagation(); }, true);
on('compositionend', (event) => { if (searching(event)) event.target.dispatchEvent(new Event('input', { bubbles: true })); });

const rowOf = (element) => element.closest('[data-row]') ?? document.getElementById(element.dataset?.of);

on('htmx:before:request', ({ detail: { ctx } }) => {
  hideTrouble();
  ctx.region = ctx.target;
  ctx.focusTo = ctx.sourceElement.dataset?.focus;
  ctx.row = rowOf(ctx.sourceElement);
  ctx.busy = [ctx.row ?? ctx.region, ctx.request.submitter ?? ctx.sourceElement];
  if (ctx.sourceEvent?.type !== 'live') for (const part of ctx.busy) part.ariaBusy = 'true';
  ctx.newStatus = ctx.sourceElement.dataset?.state; // read now: a message's form is removed with the message
  ctx.nextRow = (ctx.row?.nextElementSibling ?? ctx.row?.previousElementSibling)?.id;
});

on('htmx:finally:request', ({ detail: { ctx } }) => {
  for (const part of ctx.busy ?? []) part.ariaBusy = null;
});

on('htmx:before:response', (event) => {
  const { ctx } = event.detail;
  const { status, raw } = ctx.response;
  if (status < 400 || [409, 412, 422].includes(status)) return;
  event.preventDefault();
  if (status === 401) signIn({ to: ctx.request.method === 'GET' ? addressOf(new URL(raw.url)) : undefined });
  else showRefusal(ctx, status, raw);
});

on('htmx:error', ({ detail: { ctx, error } }) => {
  if (!ctx || ctx.response?.status >= 400) return;
  const timedOut = error?.name === 'AbortError';
  showTrouble(timedOut ? 'The server took too long to respond.' : unreachable, '', () => retryFrom(ctx.sourceElement));
});

// A whole document in response to a request for a region is a page to go to.
on('htmx:before:swap', ({ detail: { ctx, tasks } }) => {
  if (ctx.target === document.body || !/^\s*<!doctype/i.test(ctx.text)) return;
  if (ctx.request.method === 'GET' || ctx.response.raw.redirected) {
    tasks.length = 0;
    location.assign(ctx.response.raw.url);
    return;
  }
  for (const task of tasks) if (task.type === 'main') Object.assign(task, { target: document.body, swapSpec: { style: 'outerSync' } });
  ctx.focusTo = '[role="alert"], h1';
});

on('htmx:after:swap', ({ detail: { ctx } }) => {
  const region = document.getElementById(ctx.region?.id);
  if (ctx.swap !== 'none' && region) {
    for (const choice of $$('input[type="radio"], input[type="checkbox"]', region)) choice.checked = choice.defaultChecked;
    if (region.dataset.title) document.title = region.dataset.title;
  }
  const flash = $('#flashes [data-fresh]');
  const failed = ctx.response?.status >= 400;
  if (!failed && ctx.row && ctx.newStatus) setStatus(ctx.row, ctx.newStatus);
  if (failed) focus(region && $('[role="alert"], [aria-invalid="true"]', region));
  else if (ctx.focusTo === 'row') focus(ctx.row && $('a', ctx.row));
  else if (ctx.focusTo === 'next') focus($('a, button', document.getElementById(ctx.nextRow) ?? document.createElement('i')) ?? (region && $('h2', region)));
  else if (ctx.focusTo) focus($(ctx.focusTo));
  if (flash) flash.removeAttribute('data-fresh');
  say(flash ? flash.dataset.say : region?.dataset.announce, flash ? 120 : 500);
});

// setStatus updates a row in place. A list of one status has no column for it, and so the name is marked.
function setStatus(row, state) {
  const was = row.dataset.was ??= row.dataset.status;
  row.dataset.status = state;
  for (const part of $$('[data-when]', row)) part.hidden = part.dataset.when !== state;
  for (const menu of $$(':popover-open', row)) menu.hidePopover();
  $('.now', row)?.remove();
  if (state === was || $('td > [data-when]', row)) return;
  $('.name', row).append(Object.assign(document.createElement('span'), { className: 'pill now', textContent: state[0].toUpperCase() + state.slice(1) }));
}

// ---- errors: what happened, the request ID, and "Try again" ----

const unreachable = "Can't reach the server. Check your connection.";
const addressOf = ({ pathname, search }) => pathname + search;

// signIn leads to the sign-in page, and from there back to an address, with what was entered
// into a form.
function signIn({ to = addressOf(location), form = $$('form[method="post"][data-guard]').find(dirty) } = {}) {
  if (!form) return location.assign('/login?next=' + encodeURIComponent(to));
  const carrier = Object.assign(document.createElement('form'), { method: 'post', action: '/login', hidden: true });
  const carry = (name, value) => carrier.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
  carry('next', form.getAttribute('action'));
  for (const [name, value] of new FormData(form)) carry('carried.' + name, value);
  document.body.append(carrier);
  leaving = true;
  carrier.submit();
}

// retryFrom repeats an element's request.
function retryFrom(source) {
  if (!source?.isConnected || source === document.body) location.reload();
  else if (source.matches('form')) source.requestSubmit();
  else source.click();
}

async function showRefusal(ctx, status, response) {
  const page = parse(await response.text().catch(() => ''));
  const words = $('[data-sentence]', page)?.textContent.trim() || {
    403: "You don't have permission to do that.",
    404: 'This no longer exists.',
    429: 'Too many requests. Try again in a moment.',
    503: "The console can't reach its database right now.",
  }[status] || 'Something went wrong on the server.';
  showTrouble(words, response.headers.get('Request-Id') ?? '', () => retryFrom(ctx?.sourceElement));
}

function showTrouble(words, request, retry) {
  const bar = $('#trouble-bar').content.firstElementChild.cloneNode(true);
  $('[data-words]', bar).textContent = words;
  $('[data-request]', bar).hidden = !request;
  $('[data-request] code', bar).textContent = request;
  $('[data-again]', bar).addEventListener('click', () => {
    hideTrouble();
    retry();
  });
  hideTrouble();
  const dialog = $('dialog[open]'); // nothing outside it can be reached
  if (dialog) bar.role = 'alert';
  (dialog ?? $('#trouble')).prepend(bar);
}

const hideTrouble = () => { for (const bar of $$('.trouble')) bar.remove(); };
