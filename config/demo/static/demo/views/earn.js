// The ways to earn, each explained by the rule that is in force.

import * as api from "../api.js";
import { el, fill, icon, link } from "../dom.js";
import * as format from "../format.js";
import { empty, skeleton } from "../ui.js";

const LOOKS = {
  check_in: { image: "calendar", tone: "warm" },
  check_in_streak: { image: "flame", tone: "red" },
  order_paid: { image: "cart", tone: "blue" },
  review_posted: { image: "pen", tone: "green" },
};

export default async function show({ body, isCurrent }) {
  body.append(skeleton("line-tall", "line-tall", "line-tall", "line-tall"));
  const [tasks, tier] = await Promise.all([api.get("/growth/tasks"), api.get("/members/me/tier")]);
  if (!isCurrent()) return;
  const head = el(
    "section",
    { class: "earn-head" },
    el("h2", {}, "生活里的小事，都能变成积分"),
    el("p", {}, `你是${tier.tier.name}会员${tier.benefits.length ? `，享 ${tier.benefits.join("、")}` : ""}`),
  );
  const list = tasks.length ? el("ul", { class: "tasks" }, tasks.map(task)) : empty("暂时没有任务", "过几天再来看看吧");
  const note = el("p", { class: "soft centred fine" }, "积分有效期与到账时间以明细中的说明为准");
  fill(body, head, list, note);
}

function task(facts) {
  const { image, tone } = LOOKS[facts.behaviour] ?? { image: "spark", tone: "warm" };
  const wait = facts.pending_days > 0 ? el("span", { class: "chip" }, icon("clock", 13), `最长 ${facts.pending_days} 天到账`) : null;
  return el(
    "li",
    { class: "panel task" },
    el("span", { class: `task-icon tone-${tone}` }, icon(image, 24)),
    el(
      "div",
      { class: "grow" },
      el("h3", {}, facts.title),
      el("p", { class: "soft" }, facts.description || facts.explanation),
      el("p", { class: "task-terms" }, el("span", { class: "chip chip-warm" }, facts.explanation), wait),
    ),
    action(facts),
  );
}

function action(facts) {
  if (facts.behaviour !== "check_in") return el("b", { class: "task-points" }, facts.behaviour === "order_paid" ? "" : `+${format.points(facts.points)}`);
  if (facts.done_today) return el("span", { class: "done" }, icon("check", 16), "已完成");
  return link("#/check-in", { class: "button button-small" }, "去签到");
}
