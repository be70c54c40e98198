// The shell of the mini-program: status bar, navigation bar, the screen, tabs; and which address shows which screen.

import * as api from "./api.js";
import { button, el, fill, icon, link } from "./dom.js";
import * as format from "./format.js";
import { failed, sheet, toast } from "./ui.js";
import addresses from "./views/addresses.js";
import checkIn from "./views/check_in.js";
import earn from "./views/earn.js";
import home from "./views/home.js";
import inbox from "./views/inbox.js";
import item from "./views/item.js";
import login from "./views/login.js";
import mall from "./views/mall.js";
import me from "./views/me.js";
import pending from "./views/pending.js";
import redemption from "./views/redemption.js";
import redemptions from "./views/redemptions.js";
import statement from "./views/statement.js";
import tier from "./views/tier.js";
import transfers from "./views/transfers.js";

const SCREENS = [
  { path: /^#\/home$/, show: home, title: "橘里生活", tab: "home", bare: true },
  { path: /^#\/earn$/, show: earn, title: "赚积分", tab: "earn" },
  { path: /^#\/mall$/, show: mall, title: "积分商城", tab: "mall" },
  { path: /^#\/me$/, show: me, title: "我的", tab: "me", bare: true },
  { path: /^#\/check-in$/, show: checkIn, title: "每日签到" },
  { path: /^#\/tier$/, show: tier, title: "会员等级" },
  { path: /^#\/item\/(\d+)$/, show: item, title: "商品详情" },
  { path: /^#\/redemptions$/, show: redemptions, title: "我的兑换" },
  { path: /^#\/redemption\/([0-9A-Z]+)$/, show: redemption, title: "兑换详情" },
  { path: /^#\/statement$/, show: statement, title: "积分明细" },
  { path: /^#\/inbox$/, show: inbox, title: "消息中心" },
  { path: /^#\/pending$/, show: pending, title: "待入账积分" },
  { path: /^#\/transfers$/, show: transfers, title: "赠送积分" },
  { path: /^#\/addresses$/, show: addresses, title: "收货地址" },
];
const TABS = [
  { tab: "home", label: "首页", image: "home" },
  { tab: "earn", label: "赚积分", image: "spark" },
  { tab: "mall", label: "商城", image: "bag" },
  { tab: "me", label: "我的", image: "person" },
];

const app = document.getElementById("app");
let visit = 0;
let depth = 0;

/** Show the screen of the current address. */
function route() {
  const current = (visit += 1);
  if (!api.isLoggedIn()) return draw({ show: login, title: "登录", bare: true, noCapsule: true }, [], current);
  for (const screen of SCREENS) {
    const found = location.hash.match(screen.path);
    if (found) return draw(screen, found.slice(1), current);
  }
  location.replace("#/home");
}

async function draw(screen, parameters, current) {
  const body = el("main", { class: "body", tabIndex: -1, attrs: { "aria-label": screen.title } });
  const foot = el("div", { class: "foot" });
  const frame = [statusBar(), navigationBar(screen), body, foot];
  if (screen.tab) frame.push(tabBar(screen.tab));
  app.className = `phone-screen${screen.bare ? " is-bare" : ""}`;
  // What is being said stays while the screen behind it changes.
  fill(app, ...frame, ...app.querySelectorAll(".toasts"));
  document.title = `${screen.title} · 橘里生活`;
  body.focus({ preventScroll: true });
  const context = { body, foot, isCurrent: () => current === visit, refresh: route };
  try {
    await screen.show(context, ...parameters);
  } catch (error) {
    if (context.isCurrent() && api.isLoggedIn()) fill(body, failed(error, route));
    else if (!api.isLoggedIn()) return;
    if (!(error instanceof api.ApiError)) throw error;
  }
}

function statusBar() {
  const time = format.clockOf(Date.now());
  const battery = el("span", { class: "battery" });
  return el("div", { class: "status-bar", attrs: { "aria-hidden": "true" } }, el("span", {}, time), battery);
}

function navigationBar(screen) {
  const goBack = () => (depth > 0 ? history.back() : location.replace("#/home"));
  const back = button(icon("back", 24), goBack, { class: "icon-button back", attrs: { "aria-label": "返回" } });
  const isInner = !screen.tab && !screen.noCapsule;
  return el(
    "header",
    { class: "navigation" },
    isInner ? back : null,
    el("h1", { class: screen.noCapsule ? "off-screen" : screen.bare ? "brand" : "" }, screen.title),
    screen.noCapsule ? null : capsule(),
  );
}

function capsule() {
  const dots = el("span", { class: "dots", attrs: { "aria-hidden": "true" } });
  const ring = el("span", { class: "ring", attrs: { "aria-hidden": "true" } });
  return el(
    "div",
    { class: "capsule" },
    button(dots, menu, { attrs: { "aria-label": "更多" } }),
    button(ring, leave, { attrs: { "aria-label": "退出登录" } }),
  );
}

function menu() {
  return sheet("更多", (close) =>
    el(
      "div",
      { class: "sheet-body menu" },
      button([icon("swap"), "切换体验会员"], () => (close(), leave()), { class: "menu-line" }),
      el("a", { class: "menu-line", href: "/admin/", target: "_blank", rel: "noopener" }, icon("person"), "打开运营后台"),
      el("a", { class: "menu-line", href: "/api/v1/docs/", target: "_blank", rel: "noopener" }, icon("list"), "打开接口文档"),
    ),
  );
}

async function leave() {
  await api.logout();
  start();
}

function tabBar(active) {
  const tabs = TABS.map(({ tab, label, image }) =>
    link(`#/${tab}`, { class: "tab", attrs: { "aria-current": tab === active ? "page" : null } }, icon(image, 24), label),
  );
  return el("nav", { class: "tab-bar", attrs: { "aria-label": "主导航" } }, tabs);
}

function start() {
  depth = 0;
  if (location.hash !== "#/home") history.replaceState(null, "", "#/home");
  route();
}

api.whenSessionEnds(() => {
  start();
  toast("登录已过期，请重新登录");
});
window.addEventListener("hashchange", () => {
  depth += 1;
  route();
});
route();
