// The first screen: what I have, what it is worth today, and where to go.

import * as api from "../api.js";
import { button, el, fill, icon, link } from "../dom.js";
import * as format from "../format.js";
import { obstacle, picture, price, tierCard, tierProgress } from "../parts.js";
import { countUp, skeleton } from "../ui.js";
import { checkInNow, streakStrip } from "./check_in.js";

const WARN_DAYS = 60;
const SHORTCUTS = [
  { href: "#/earn", label: "赚积分", image: "spark" },
  { href: "#/mall", label: "去兑换", image: "gift" },
  { href: "#/redemptions", label: "我的兑换", image: "ticket" },
  { href: "#/statement", label: "积分明细", image: "list" },
];
let shownBalance = 0;

export default async function show({ body, isCurrent, refresh }) {
  body.append(skeleton("card", "line", "line-tall", "tiles"));
  const [member, tier, balance, calendar, items, inbox] = await Promise.all([
    api.get("/members/me"),
    api.get("/members/me/tier"),
    api.get("/points/balance"),
    api.get("/growth/check-ins"),
    api.get("/mall/items", { page_size: 20 }),
    api.get("/inbox", { page_size: 1 }),
  ]);
  if (!isCurrent()) return;
  const number = el("strong", { class: "balance", id: "balance" });
  fill(
    body,
    tierCard({ member, tier: tier.tier }, balanceBlock(number, balance), tierProgress(tier)),
    ...notices(balance, inbox.unread),
    checkInCard(calendar, refresh),
    el("nav", { class: "shortcuts", attrs: { "aria-label": "常用" } }, SHORTCUTS.map(shortcut)),
    shelf(items.results),
  );
  countUp(number, balance.balance, format.points, Math.min(shownBalance, balance.balance));
  shownBalance = balance.balance;
}

function balanceBlock(number, balance) {
  const pending = link("#/pending", { class: "pending" }, icon("clock", 15), `待入账 ${format.points(balance.pending)}`);
  return el(
    "div",
    { class: "balance-block" },
    el("div", {}, el("div", { class: "balance-label" }, "可用积分"), number),
    balance.pending > 0 ? pending : null,
  );
}

function notices(balance, unread) {
  const lines = [];
  if (unread > 0) {
    const text = el("span", { class: "grow" }, "有 ", el("b", {}, String(unread)), " 条新消息");
    lines.push(link("#/inbox", { class: "notice notice-calm" }, icon("bell", 18), text, el("span", { class: "go" }, "去看看", icon("right", 15))));
  }
  if (balance.debt > 0) {
    const text = `有 ${format.points(balance.debt)} 积分因退款待补扣，之后获得的积分会优先补上。`;
    lines.push(el("div", { class: "notice notice-calm" }, icon("info", 18), el("span", { class: "grow" }, text)));
  }
  const [first] = balance.expiring;
  if (first && format.daysUntil(first.on) <= WARN_DAYS) {
    const text = el("span", { class: "grow" }, el("b", {}, format.points(first.points)), ` 积分将于 ${format.day(first.on)} 到期`);
    lines.push(link("#/mall", { class: "notice" }, icon("clock", 18), text, el("span", { class: "go" }, "去用掉", icon("right", 15))));
  }
  return lines;
}

function checkInCard(calendar, refresh) {
  const title = calendar.streak > 0 ? ["已连签 ", el("b", {}, String(calendar.streak)), " 天"] : ["今天来签到吧"];
  const bonus = calendar.next_bonus;
  const hint = bonus && `再签 ${bonus.days} 天，额外得 ${format.points(bonus.points)} 积分`;
  const act = calendar.today
    ? link("#/check-in", { class: "button button-small button-quiet" }, "已签到")
    : button("签到", (event) => checkInNow(event.currentTarget, calendar).then((done) => done && refresh()), { class: "button button-small", id: "check-in" });
  return el(
    "section",
    { class: "panel check-in-card" },
    el(
      "div",
      { class: "panel-head" },
      link("#/check-in", { class: "grow plain" }, el("h2", {}, title, icon("right", 16)), hint ? el("p", { class: "soft" }, hint) : null),
      act,
    ),
    streakStrip(calendar),
  );
}

function shortcut({ href, label, image }) {
  return link(href, { class: "shortcut" }, el("span", { class: "shortcut-icon" }, icon(image, 24)), label);
}

function shelf(items) {
  const possible = items.filter((item) => item.redeemable.ok).sort((a, b) => b.price_points - a.price_points);
  const shown = (possible.length >= 3 ? possible : items).slice(0, 8);
  if (shown.length === 0) return null;
  return el(
    "section",
    { class: "shelf-block" },
    el("div", { class: "block-head" }, el("h2", {}, possible.length >= 3 ? "现在就能兑" : "好物推荐"), link("#/mall", { class: "more" }, "全部", icon("right", 15))),
    el("div", { class: "shelf", tabIndex: 0, attrs: { role: "group", "aria-label": "推荐商品" } }, shown.map(card)),
  );
}

function card(item) {
  const blocked = obstacle(item);
  return link(
    `#/item/${item.id}`,
    { class: "shelf-item" },
    picture(item, "picture-small"),
    el("span", { class: "shelf-title" }, item.title),
    price(item.price_points),
    blocked ? el("span", { class: `mini mini-${blocked.tone}` }, blocked.text) : null,
  );
}
