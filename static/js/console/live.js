// Live pages, which work without this file: it tells that what a page shows has changed since, by
// one feed a tab. It changes nothing by itself: there is a message with a link to refresh, and a mark
// on each changed row.
//
//   data-live="address"     the feed about what the element shows; the ids of its rows are added
//   data-live-noun="groups" what is new there, if it may not be in the list
//   data-live-changed, data-live-gone   the sentences about the object that it shows
//   data-live-to            the link in the message, if it isn't to the page itself
//   data-live-follow        gets a live event in place of the message
(() => {
  'use strict';

  const pollEvery = 30_000, sayEvery = 10_000; // milliseconds
  const patience = 10_000; // until the first message: a proxy may keep it
  const ownFor = 3000; // after a request that changes a row
  const $ = (selector, root = document) => root.querySelector(selector);
  const idOf = (row) => row.id.replace(/^.*-/, '');

  let address = ''; // of the feed
  let feed, timer, starting;
  let since = 0, failures = 0, polls = 0;
  let news; // since the page was shown
  let said, saidAt = 0, saying; // the last sentence for screen readers
  const own = new Map(); // until when a row's changes are this page's, by id

  // ---- hearing ----

  function start() {
    const shows = $('[data-live]');
    const now = shows ? new URL(shows.dataset.live, location.href) : '';
    const ids = shows ? [...shows.querySelectorAll('[data-row]')].map(idOf) : [];
    if (ids.length && !now.searchParams.has('ids')) now.searchParams.set('ids', ids.join());
    if (String(now) !== address) {
      address = String(now);
      since = failures = 0;
      said = '';
      news = { added: 0, changed: new Set(), gone: new Set() };
      $('#live')?.replaceChildren();
    }
    stop();
    if (!address || document.hidden) return;
    if (failures < 3 && window.EventSource) open();
    else poll();
  }

  function stop() {
    feed?.close();
    feed = undefined;
    clearTimeout(timer);
  }

  function asked() {
    const url = new URL(address);
    if (since) url.searchParams.set('since', since);
    return url;
  }

  function open() {
    feed = new EventSource(asked());
    timer = setTimeout(instead, patience);
    feed.onmessage = ({ data }) => {
      clearTimeout(timer);
      failures = 0;
      hear(JSON.parse(data));
    };
    feed.onerror = () => {
      if (++failures >= 3 || feed.readyState === EventSource.CLOSED) instead();
    };
  }

  // instead asks again and again in place of the feed.
  function instead() {
    stop();
    failures = 3;
    timer = setTimeout(poll, Math.random() * 2000);
  }

  async function poll() {
    const wanted = address;
    const answer = await fetch(asked(), { headers: { Accept: 'application/json' } }).catch(() => null);
    if (wanted !== address || document.hidden) return;
    if (answer?.redirected || answer?.status < 500 && !answer.ok) return; // signed out, or not allowed to
    if (answer?.ok) hear(await answer.json());
    if (++polls % 10 === 0) failures = 0; // the feed may work again
    timer = setTimeout(failures ? poll : start, $('[data-live-follow]') ? pollEvery / 6 : pollEvery);
  }

  function hear({ at, new: added = 0, changed = [], gone = [] }) {
    since = at;
    const mine = (id) => own.get(id) > Date.now();
    const follow = $('[data-live-follow]');
    if (follow) {
      if (changed.length) follow.dispatchEvent(new Event('live', { bubbles: true }));
      return;
    }
    for (const id of changed) if (!mine(id)) mark(id, news.changed, 'Changed');
    for (const id of gone) if (!mine(id)) mark(id, news.gone, 'Deleted');
    for (const id of news.gone) news.changed.delete(id);
    news.added += added;
    if (added || changed.some((id) => !mine(id)) || gone.some((id) => !mine(id))) show();
  }

  // ---- showing ----

  function mark(id, ids, word) {
    ids.add(id);
    const name = $(`[data-row][id$="-${id}"] .name`);
    if (!name) return;
    $('.since', name)?.remove();
    name.append(Object.assign(document.createElement('span'), { className: 'since pill', textContent: word }));
  }

  function words({ liveNoun, liveChanged, liveGone }) {
    if (liveChanged) return news.gone.size ? liveGone : liveChanged;
    const several = (n, word) => n > 0 && `${n < 1000 ? n : '1,000+'} ${word}`;
    return [several(news.added, liveNoun ? 'new ' + liveNoun : 'new'), several(news.changed.size, 'changed'), several(news.gone.size, 'deleted')]
      .filter(Boolean).join(', ');
  }

  function say(text) {
    clearTimeout(saying);
    if (text === said) return;
    saying = setTimeout(() => {
      $('#status').textContent = said = text;
      saidAt = Date.now();
    }, Math.max(500, saidAt + sayEvery - Date.now()));
  }

  function show() {
    const shows = $('[data-live]'), holder = $('#live');
    const text = words(shows.dataset);
    const bar = holder.firstElementChild ?? holder.appendChild($('#live-bar').content.firstElementChild.cloneNode(true));
    const link = $('a.button', bar);
    $('p', bar).textContent = text;
    if (shows.dataset.liveTo) Object.assign(link, { href: shows.dataset.liveTo, target: '_blank', textContent: 'Open' });
    else link.href = location.pathname + location.search;
    say(text + '.');
  }

  // ---- what this page changes itself ----

  const on = (type, handle) => document.addEventListener(type, handle);
  on('htmx:config:request', ({ detail: { ctx } }) => {
    if (ctx.sourceEvent?.type === 'live') ctx.request.headers['Console-Unattended'] = 'true';
  });
  on('htmx:before:request', ({ detail: { ctx } }) => claim(ctx, Infinity));
  on('htmx:finally:request', ({ detail: { ctx } }) => claim(ctx, Date.now() + ownFor));

  // claim makes what a request changes this page's, until a time: its row, or the page's object.
  function claim(ctx, until) {
    if (ctx.request.method === 'GET') return;
    if (ctx.row) own.set(idOf(ctx.row), until);
    const shows = $('[data-live-changed]');
    if (shows) own.set(new URL(shows.dataset.live, location.href).searchParams.get('ids'), until);
  }
  on('htmx:after:swap', () => {
    clearTimeout(starting);
    starting = setTimeout(start, 300); // somebody may be typing
  });
  on('visibilitychange', start);
  addEventListener('pageshow', start);
  addEventListener('pagehide', stop);
})();
