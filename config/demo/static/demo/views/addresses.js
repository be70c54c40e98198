// Where goods go to: the list, a form, and choosing one while redeeming.

import * as api from "../api.js";
import { button, el, fill, icon } from "../dom.js";
import { busy, confirm, empty, sheet, skeleton, toast } from "../ui.js";

const FIELDS = [
  { name: "recipient", label: "收货人", autocomplete: "name", maxLength: 50 },
  { name: "phone", label: "手机号", autocomplete: "tel", type: "tel", maxLength: 20 },
  { name: "region", label: "省 / 市 / 区", autocomplete: "address-level1", maxLength: 100 },
  { name: "detail", label: "详细地址", autocomplete: "street-address", maxLength: 200 },
];

const load = async () => (await api.get("/members/me/addresses", { page_size: 100 })).results;

export default async function show({ body, foot, isCurrent, refresh }) {
  body.append(skeleton("line-tall", "line-tall"));
  const addresses = await load();
  if (!isCurrent()) return;
  const drop = async (address) => {
    if (!(await confirm("删除地址", "删除后，已经下单的兑换不受影响。", "删除"))) return;
    await api.remove(`/members/me/addresses/${address.id}`);
    refresh();
  };
  fill(
    body,
    addresses.length
      ? el("ul", { class: "tasks" }, addresses.map((address) => line(address, drop)))
      : empty("还没有收货地址", "添加一个，兑换实物时就能直接选用"),
  );
  const add = button("添加新地址", async () => (await addressForm()) && refresh(), { class: "button button-wide" });
  fill(foot, el("div", { class: "buy-bar" }, add));
}

function line(address, drop) {
  const remove = button("删除", () => drop(address), { class: "text-button" });
  return el("li", { class: "panel address" }, text(address), remove);
}

function text(address) {
  const badge = address.is_default ? el("span", { class: "label label-warm" }, "默认") : null;
  return el(
    "span",
    { class: "grow" },
    el("b", {}, `${address.recipient} ${address.phone}`, badge),
    el("span", { class: "soft" }, `${address.region} ${address.detail}`),
  );
}

/** Let the member choose an address or add one; resolves to it, or to undefined. */
export async function chooseAddress(currentId) {
  const addresses = await load();
  if (addresses.length === 0) return addressForm();
  const chosen = await sheet("选择收货地址", (close) =>
    el(
      "div",
      { class: "sheet-body" },
      addresses.map((address) =>
        button([icon("pin", 20), text(address), address.id === currentId ? icon("check", 20) : null], () => close(address), {
          class: "address-line",
          attrs: { "aria-pressed": String(address.id === currentId) },
        }),
      ),
      button([icon("plus", 18), "添加新地址"], () => close("new"), { class: "button button-quiet button-wide" }),
    ),
  );
  return chosen === "new" ? addressForm() : chosen;
}

function addressForm() {
  return sheet("添加收货地址", (close) => {
    const inputs = FIELDS.map(({ label, ...options }) => ({ label, input: el("input", { required: true, type: "text", ...options }), error: el("span", { class: "field-error", attrs: { role: "alert" } }) }));
    const save = el("button", { class: "button button-wide", type: "submit" }, "保存并使用");
    const submit = async (event) => {
      event.preventDefault();
      const body = Object.fromEntries(inputs.map(({ input }) => [input.name, input.value.trim()]));
      const kept = await busy(save, async () => {
        try {
          return await api.post("/members/me/addresses", body);
        } catch (error) {
          for (const { input, error: place } of inputs) place.textContent = error.fields?.[input.name]?.[0] ?? "";
          throw error;
        }
      });
      if (!kept) return;
      toast("地址已保存", "good");
      close(kept);
    };
    const lines = inputs.map(({ label, input, error }) => el("label", { class: "field" }, el("span", {}, label), input, error));
    return el("form", { class: "sheet-body", on: { submit } }, lines, save);
  });
}
