// Forms: submitted once, guarded and saved as drafts, with counters and ratings; and idle sessions.

// ---- forms: submitted once, also with Ctrl+Enter; guarded, saved as drafts ----

const contents = (form) => new URLSearchParams(new FormData(form)).toString();
const before = new WeakMap();
const dirty = (form) => form.dataset.guard === 'dirty' || before.get(form) !== contents(form);
const sure = new WeakSet(); // forms that may be submitted now
let leaving = false;

on('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if ((form.dataset.file ?? event.submitter?.dataset.file) !== undefined) return; // the page stays
  leaving = true;
  if (form.method !== 'post' || sure.delete(form)) return;
  event.preventDefault();
  if (form.ariaBusy !== 'true') send(form, event.submitter);
});

// send submits a form once the server is reachable: otherwise the browser would leave the page,
// and lose what was entered.
async function send(form, submitter) {
  const parts = submitter ? [form, submitter] : [form];
  const busy = (state) => { for (const part of parts) part.ariaBusy = state; };
  busy('true');
  hideTrouble();
  if (!await reachable()) {
    busy(null);
    leaving = false;
    return showTrouble(unreachable, '', () => form.requestSubmit(submitter));
  }
  sure.add(form);
  form.requestSubmit(submitter);
  if (sure.delete(form)) busy(null); // a field is invalid
}

const reachable = () => fetch('/healthz', { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(5000) })
  .then(({ status }) => status < 502, () => false); // a proxy's error if the console is down

// A page restored by Back may still have a form that was submitted.
addEventListener('pageshow', () => {
  leaving = false;
  for (const part of $$('a[aria-busy], button[aria-busy]')) part.ariaBusy = null;
  for (const form of $$('form[aria-busy]')) {
    form.ariaBusy = null;
    if (form.dataset.guard) form.dataset.guard = '';
    before.set(form, contents(form));
  }
});
on('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  const form = near(event, 'form[method="post"]');
  if (!form) return;
  event.preventDefault();
  form.requestSubmit($('.actions .primary', form));
});
addEventListener('beforeunload', (event) => {
  if (!leaving && $$('form[data-guard]').some(dirty)) event.preventDefault();
});

let drafting;
on('input', (event) => {
  const form = near(event, 'form[data-draft]');
  if (!form) return;
  clearTimeout(drafting);
  drafting = setTimeout(() => {
    const body = contents(form); // keepalive requests are limited to 64 KiB
    if (!leaving) fetch(form.dataset.draft, { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, keepalive: body.length < 60_000 }).catch(() => {});
  }, 1500);
});

// ---- counters: always shown, announced from 80 % on ----

const length = (field) => [...field.value.normalize('NFC').replaceAll('\r\n', '\n')].length;

const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, document.documentElement.dataset.group);

function count(field, quietly) {
  const counter = $(`[data-counter="${field.id}"]`);
  if (!counter) return;
  const most = Number(counter.dataset.most), used = length(field), left = most - used;
  counter.textContent = `${grouped(used)} / ${grouped(most)}`;
  counter.toggleAttribute('data-over', left < 0);
  if (!quietly && used >= most * 0.8) say(left < 0 ? `${-left} characters over the limit` : `${left} characters left`, 1000);
}
on('input', (event) => { if (event.target.id) count(event.target); });

// ---- passwords: a rough rating; the server decides ----

function ratePassword(field) {
  const words = $(`[data-strength="${field.id}"]`);
  if (!words) return;
  const used = length(field), left = Number(words.dataset.least) - used;
  const tiers = [[used === 0, ''], [left > 0, `${left} more characters needed`], [new Set(field.value).size < 6, 'Weak: too few different characters'], [used < 16, 'Fair'], [used < 20, 'Strong'], [true, 'Very strong']];
  words.textContent = tiers.find(([holds]) => holds)[1];
  say(words.textContent, 1000);
}
on('input', (event) => { if (event.target.id) ratePassword(event.target); });

// ---- presets: one checks its boxes, and changing a box selects "Custom" ----

on('change', (event) => {
  const choices = near(event, '[data-presets]');
  if (!choices) return;
  if (event.target.type === 'checkbox') $('input[type="radio"]:not([data-ticks])', choices).checked = true;
  else if (event.target.dataset.ticks !== undefined) {
    const ticked = event.target.dataset.ticks.split(' ');
    for (const box of $$('input[type="checkbox"]:enabled', choices)) box.checked = ticked.includes(box.value);
  }
});

// ---- idle: offer to stay signed in two minutes before the session ends ----

let idling;
function watchIdle() {
  clearTimeout(idling);
  const seconds = Number(document.body.dataset.idle);
  if (seconds) idling = setTimeout(() => $('#trouble').replaceChildren($('#idle-bar').content.firstElementChild.cloneNode(true)), (seconds - 120) * 1000);
}
async function stay() {
  hideTrouble();
  watchIdle();
  const answer = await fetch(location.href, { method: 'HEAD', redirect: 'manual' }).catch(() => null);
  if (!answer?.ok) signIn();
}
addEventListener('pageshow', watchIdle);
on('htmx:finally:request', ({ detail: { ctx } }) => { if (ctx.sourceEvent?.type !== 'live') watchIdle(); });
