// Pieces that several screens show.

import { el, icon, link } from "./dom.js";
import * as format from "./format.js";

/** The coloured card of a member's tier; `children` go below the head. */
export function tierCard({ member, tier }, ...children) {
  const face = el("span", { class: "card-face", attrs: { "aria-hidden": "true" } }, (member.nickname || "会员").slice(-2));
  const name = el(
    "div",
    { class: "grow" },
    el("div", { class: "card-name" }, member.nickname || "橘里会员"),
    el("div", { class: "card-no" }, `NO. ${member.no}`),
  );
  const badge = link("#/tier", { class: "card-tier", attrs: { "aria-label": `${tier.name}会员，查看等级` } }, icon("crown", 16), tier.name);
  return el("section", { class: `tier-card tier-${tier.code}` }, el("div", { class: "card-head" }, face, name, badge), children);
}

/** How far the next tier is. */
export function tierProgress(tierFacts) {
  const { next, growth_value: value } = tierFacts;
  const part = next ? value / (value + next.missing) : 1;
  const text = next ? `再得 ${format.points(next.missing)} 成长值，升级${next.tier.name}会员` : "已是最高等级，感谢一路相伴";
  const bar = el("div", {
    class: "bar",
    vars: { part: `${Math.max(part * 100, 2)}%` },
    attrs: { role: "progressbar", "aria-valuenow": Math.round(part * 100), "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": "升级进度" },
  });
  return el("div", { class: "tier-progress" }, bar, el("div", { class: "bar-text" }, el("span", {}, text), el("span", {}, `成长值 ${format.points(value)}`)));
}

/** A number of points with its unit. */
export function price(count) {
  return el("span", { class: "price" }, el("b", {}, format.points(count)), " 积分");
}

/** What stands in the way of an item, as a short badge: {text, tone, image}; null when it can be redeemed. */
export function obstacle(item) {
  const [first] = item.redeemable.reasons;
  if (!first) return null;
  const opens = first.available_at && format.moment(first.available_at);
  const texts = {
    sold_out: { text: "已兑完", tone: "gone" },
    not_open_yet: { text: `${opens} 开兑`, tone: "soon", image: "clock" },
    closed: { text: "已结束", tone: "gone" },
    not_listed: { text: "已下架", tone: "gone" },
    tier_too_low: { text: "高等级专享", tone: "locked", image: "lock" },
    limit_reached: { text: "已达兑换上限", tone: "gone" },
    insufficient_points: { text: `还差 ${format.points(first.missing_points ?? 0)} 积分`, tone: "short" },
  };
  return texts[first.code] ?? { text: first.message, tone: "gone" };
}

/** An item's picture; its emoji where it has none. */
export function picture(item, names) {
  const inside = item.picture_url
    ? el("img", { src: item.picture_url, alt: "", loading: "lazy" })
    : el("span", { class: "emoji" }, item.emoji || "🎁");
  return el("div", { class: `picture ${names}` }, inside);
}

export const STATUS = {
  placed: { text: "已下单", tone: "warm" },
  paid: { text: "处理中", tone: "warm" },
  fulfilling: { text: "待发货", tone: "warm" },
  shipped: { text: "已发货", tone: "blue" },
  completed: { text: "已完成", tone: "green" },
  cancelled: { text: "已取消", tone: "grey" },
};

/** A redemption's status as a label. */
export function statusLabel(status) {
  const { text, tone } = STATUS[status] ?? { text: status, tone: "grey" };
  return el("span", { class: `label label-${tone}` }, text);
}
