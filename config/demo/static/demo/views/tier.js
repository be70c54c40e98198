// My tier: what it brings and what the next one needs.

import * as api from "../api.js";
import { el, fill, icon } from "../dom.js";
import { tierCard, tierProgress } from "../parts.js";
import { skeleton } from "../ui.js";

export default async function show({ body, isCurrent }) {
  body.append(skeleton("card", "line-tall"));
  const [member, tier] = await Promise.all([api.get("/members/me"), api.get("/members/me/tier")]);
  if (!isCurrent()) return;
  const benefits = tier.benefits.length ? tier.benefits : ["签到、购物、评价都能得积分"];
  fill(
    body,
    tierCard({ member, tier: tier.tier }, tierProgress(tier)),
    el(
      "section",
      { class: "panel" },
      el("h2", {}, `${tier.tier.name}会员权益`),
      el("ul", { class: "benefits" }, benefits.map((benefit) => el("li", {}, icon("check", 18), benefit))),
    ),
    el(
      "section",
      { class: "panel prose" },
      el("h2", {}, "成长值是什么"),
      el("p", {}, "每获得 1 积分，同时累积 1 成长值。花掉积分不会减少成长值；订单退款收回积分时，相应的成长值也会收回。"),
      el("p", {}, "成长值达到下一等级的要求，等级立刻提升。"),
    ),
  );
}
