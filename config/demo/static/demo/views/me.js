// Me: card and everything that is mine.

import * as api from "../api.js";
import { el, fill, icon, link } from "../dom.js";
import * as format from "../format.js";
import { tierCard } from "../parts.js";
import { skeleton } from "../ui.js";

const LINES = [
  { href: "#/inbox", label: "消息中心", image: "bell" },
  { href: "#/redemptions", label: "我的兑换", image: "ticket" },
  { href: "#/statement", label: "积分明细", image: "list" },
  { href: "#/pending", label: "待入账积分", image: "clock" },
  { href: "#/transfers", label: "赠送积分", image: "swap" },
  { href: "#/check-in", label: "签到日历", image: "calendar" },
  { href: "#/tier", label: "等级与权益", image: "crown" },
  { href: "#/addresses", label: "收货地址", image: "pin" },
];

export default async function show({ body, isCurrent }) {
  body.append(skeleton("card", "line-tall", "line-tall"));
  const [member, balance, { unread }] = await Promise.all([api.get("/members/me"), api.get("/points/balance"), api.get("/inbox", { page_size: 1 })]);
  if (!isCurrent()) return;
  const numbers = [
    ["可用积分", balance.balance],
    ["待入账", balance.pending],
    ["成长值", member.growth_value],
  ];
  const table = el("dl", { class: "card-numbers" }, numbers.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, format.points(value)))));
  const since = el("p", { class: "soft centred fine" }, `${format.day(format.dayOf(member.registered_at))} 成为会员`);
  fill(body, tierCard({ member, tier: member.tier }, table), el("nav", { class: "panel lines", attrs: { "aria-label": "我的" } }, LINES.map((facts) => line(facts, facts.href === "#/inbox" ? unread : 0))), since);
}

function line({ href, label, image }, unread) {
  const badge = unread > 0 ? el("span", { class: "badge", attrs: { "aria-label": `${unread} 条未读` } }, unread > 99 ? "99+" : String(unread)) : null;
  return link(href, { class: "menu-line" }, icon(image), el("span", { class: "grow" }, label), badge, icon("right", 18));
}
