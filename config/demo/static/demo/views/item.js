// One item: what it is, whether I may have it and why not, and redeeming it.

import * as api from "../api.js";
import { button, el, fill, icon, link } from "../dom.js";
import * as format from "../format.js";
import { picture, price } from "../parts.js";
import { busy, sheet, skeleton, toast } from "../ui.js";
import { chooseAddress } from "./addresses.js";

const MOST = 99;

export default async function show({ body, foot, isCurrent, refresh }, id) {
  body.append(skeleton("picture", "line", "line-tall"));
  const [item, balance] = await Promise.all([api.get(`/mall/items/${id}`), api.get("/points/balance")]);
  if (!isCurrent()) return;
  fill(body, picture(item, "picture-hero"), summary(item), reasons(item), about(item));
  fill(foot, bar(item, balance, refresh));
}

function summary(item) {
  const market = item.market_price_fen ? el("s", {}, `市场价 ${format.yuan(item.market_price_fen)}`) : null;
  const facts = [
    item.type === "coupon" ? "电子券码 · 即兑即得" : "实物商品 · 快递配送",
    item.stock_left > 0 ? `剩余 ${format.points(item.stock_left)} 件` : "已兑完",
    item.per_member_limit ? `每人限兑 ${item.per_member_limit} 件` : null,
  ].filter(Boolean);
  return el(
    "section",
    { class: "panel item-summary" },
    el("div", { class: "item-price" }, price(item.price_points), market),
    el("h2", {}, item.title),
    el("p", { class: "item-facts" }, facts.map((fact) => el("span", { class: "chip" }, fact))),
  );
}

function reasons(item) {
  if (item.redeemable.ok) {
    return el("section", { class: "verdict verdict-yes" }, icon("check", 20), el("div", { class: "grow" }, el("b", {}, "你现在就可以兑换")));
  }
  const lines = item.redeemable.reasons.map((reason) => el("li", {}, reason.message, extra(reason)));
  const short = item.redeemable.reasons.some((reason) => reason.code === "insufficient_points");
  return el(
    "section",
    { class: "verdict verdict-no" },
    icon("info", 20),
    el("div", { class: "grow" }, el("b", {}, "暂时还不能兑换"), el("ul", { class: "reasons" }, lines)),
    short ? link("#/earn", { class: "button button-small" }, "去赚积分") : null,
  );
}

function extra(reason) {
  if (reason.missing_points) return el("span", { class: "reason-more" }, `还差 ${format.points(reason.missing_points)} 积分`);
  if (reason.available_at) return el("span", { class: "reason-more" }, `${format.moment(reason.available_at)} 开始`);
  return null;
}

function about(item) {
  const lines = item.description.split("\n").filter(Boolean);
  return el("section", { class: "panel prose" }, el("h2", {}, "商品说明"), lines.map((line) => el("p", {}, line)));
}

function bar(item, balance, refresh) {
  const act = button(item.redeemable.ok ? "立即兑换" : "暂不可兑", () => openRedeem(item, balance, refresh), {
    class: "button",
    disabled: !item.redeemable.ok,
    id: "redeem",
  });
  return el(
    "div",
    { class: "buy-bar" },
    el("div", { class: "grow" }, el("span", { class: "soft" }, "可用积分"), el("b", {}, format.points(balance.balance))),
    act,
  );
}

async function openRedeem(item, balance, refresh) {
  const needsAddress = item.type === "goods";
  const page = needsAddress ? await api.get("/members/me/addresses").catch(() => null) : null;
  const kept = page?.results ?? [];
  const wish = { quantity: 1, address: kept.find((address) => address.is_default) ?? kept[0] ?? null };
  const redeemed = await sheet("确认兑换", (close) => redeemForm(item, balance, wish, close));
  if (!redeemed) return;
  if (redeemed === "stale") return refresh();
  toast("兑换成功", "good");
  location.hash = `#/redemption/${redeemed.no}`;
}

function redeemForm(item, balance, wish, close) {
  const most = Math.min(MOST, item.stock_left, item.per_member_limit ?? MOST, Math.floor(balance.balance / item.price_points));
  const form = el("div", { class: "sheet-body" });
  // One key per intent. Another quantity or address is another intent; trying again after a hiccup is not.
  let intent = { key: api.newKey(), body: "" };

  async function redeem(event) {
    const body = { item_id: item.id, quantity: wish.quantity, ...(wish.address ? { address_id: wish.address.id } : {}) };
    if (intent.body && intent.body !== JSON.stringify(body)) intent = { key: api.newKey(), body: "" };
    intent.body = JSON.stringify(body);
    const made = await busy(event.currentTarget, async () => {
      try {
        return await api.post("/mall/redemptions", body, { key: intent.key });
      } catch (error) {
        // A refusal is final: the next tap is a new attempt.
        if (!error.isPassing) intent = { key: api.newKey(), body: "" };
        if (error.detail?.reasons) close("stale");
        throw error;
      }
    });
    if (made) close(made);
  }

  function draw() {
    const total = item.price_points * wish.quantity;
    const pay = button(`支付 ${format.points(total)} 积分`, redeem, { class: "button button-wide", id: "pay", disabled: item.type === "goods" && !wish.address });
    fill(
      form,
      el("div", { class: "order-line" }, picture(item, "picture-mini"), el("div", { class: "grow" }, el("b", {}, item.title), price(item.price_points))),
      el("div", { class: "field-line" }, el("span", {}, "数量"), stepper(wish, most, draw)),
      item.type === "goods" ? addressLine(wish, draw) : null,
      el("div", { class: "field-line" }, el("span", {}, "兑换后剩余"), el("b", {}, `${format.points(balance.balance - total)} 积分`)),
      pay,
    );
  }
  draw();
  return form;
}

function stepper(wish, most, draw) {
  const step = (by, label, image) =>
    button(icon(image, 16), () => ((wish.quantity += by), draw()), {
      class: "step",
      disabled: wish.quantity + by < 1 || wish.quantity + by > most,
      attrs: { "aria-label": label },
    });
  return el("div", { class: "stepper" }, step(-1, "减少", "minus"), el("output", {}, String(wish.quantity)), step(1, "增加", "plus"));
}

function addressLine(wish, draw) {
  const change = async () => {
    const chosen = await chooseAddress(wish.address?.id);
    if (chosen) wish.address = chosen;
    draw();
  };
  const text = wish.address
    ? el("span", { class: "grow" }, el("b", {}, `${wish.address.recipient} ${wish.address.phone}`), el("span", { class: "soft" }, `${wish.address.region} ${wish.address.detail}`))
    : el("span", { class: "grow" }, el("b", {}, "请添加收货地址"));
  return button([icon("pin", 20), text, icon("right", 18)], change, { class: "address-line", id: "address" });
}
