// Whose phone is this? On a real phone WeChat knows; here one is chosen.

import * as api from "../api.js";
import { button, el, fill, icon } from "../dom.js";
import { busy, skeleton } from "../ui.js";

export default async function show({ body, refresh }) {
  const list = el("div", { class: "login-list" }, skeleton("line-tall", "line-tall", "line-tall", "line-tall"));
  body.append(
    el(
      "section",
      { class: "login-hero" },
      el("img", { src: "/static/demo/logo.svg", alt: "", width: 72, height: 72 }),
      el("h2", {}, "橘里生活"),
      el("p", {}, "每一次认真生活，都值得被积攒"),
    ),
    el("section", { class: "login-panel" }, el("h3", {}, "选择一位体验会员"), list),
  );
  const members = await api.demoMembers();
  fill(list, ...members.map((member, index) => choice(member, index, refresh)));
}

function choice(member, index, refresh) {
  const enter = async (event) => {
    const done = await busy(event.currentTarget, async () => (await api.login(member.openid), true));
    if (done) refresh();
  };
  const text = el("span", { class: "grow" }, el("strong", {}, member.nickname), el("span", { class: "soft" }, member.note));
  const face = el("span", { class: `face face-${index % 6}`, attrs: { "aria-hidden": "true" } }, member.nickname.slice(-2));
  return button([face, text, icon("right", 18)], enter, { class: "login-choice", id: member.openid });
}
