// @stoqey/ib, unchanged, against the simulator.
//
// usage: node driver.js HOST PORT CLIENT_ID ACCOUNT VERSION, with the package in NODE_PATH

"use strict";

const readline = require("readline");
const { BarSizeSetting, EventName, IBApi, SecType, WhatToShow } = require("@stoqey/ib");

const STEP_MS = 20_000;

// The market that every driver sees. Prices are words, so that no digit is lost.
const SYMBOL = "IBM";
const CONTRACT_ID = 8314;
const LONG_NAME = "INTL BUSINESS MACHINES CORP";
const OPENING = { bid: "99.98", bid_size: "300", ask: "100.02", ask_size: "500" };
const MOVED = { bid: "99.99", bid_size: "400", ask: "100.03", ask_size: "600" };
const HIGHER = { bid: "100.50", bid_size: "300", ask: "100.54", ask_size: "500" };
const TARGET = { bid: "101.00", bid_size: "700", ask: "101.04", ask_size: "500" };
const FAR = 90;
const FARTHER = 91;
const QUANTITY = 100;
const LARGER = 150;
const ENTRY = 100.05;
const TAKE_PROFIT = 101;
const STOP_LOSS = 99;
const TICK = { bid_size: 0, bid: 1, ask: 2, ask_size: 3, last: 4, last_size: 5, volume: 8 };
const WORKING = ["PreSubmitted", "Submitted"];
const ENDED = ["Cancelled", "ApiCancelled"];
const STOCK = { symbol: SYMBOL, secType: SecType.STK, exchange: "SMART", currency: "USD" };

// What the callbacks said, by event, and who waits for more of it.
const heard = {};
let waiters = [];
// What the client could not read.
let unreadable = [];

function note(event, values) {
  (heard[event] ??= []).push(values);
  const woken = waiters;
  waiters = [];
  woken.forEach((wake) => wake());
}

const of = (event) => heard[event] ?? [];

async function wait(what, condition) {
  const deadline = Date.now() + STEP_MS;
  for (;;) {
    const value = condition();
    if (value) return value;
    const left = deadline - Date.now();
    if (left <= 0) throw new Error(`no ${what} within ${STEP_MS / 1000} s`);
    let timer;
    await new Promise((resolve) => {
      waiters.push(resolve);
      timer = setTimeout(resolve, left);
    });
    clearTimeout(timer);
  }
}

const first = (event, matches = () => true) => wait(event, () => of(event).find((values) => matches(...values)));

// The conversation with the command that runs this.

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const replies = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function act(what, details = {}) {
  say({ do: what, ...details });
  const { value, done } = await replies.next();
  if (done) throw new Error("the runner is gone");
  const answer = JSON.parse(value);
  if (answer.error) throw new Error(answer.error);
  return answer;
}

const quote = (levels) => act("quote", { symbol: SYMBOL, ...levels });

async function check(name, step) {
  const remarks = [];
  unreadable = [];
  try {
    await step(remarks);
    if (unreadable.length > 0) throw new Error(unreadable[0]);
    say({ check: name, ok: true, detail: remarks.join(", ") });
  } catch (failure) {
    say({ check: name, ok: false, detail: failure.message });
  }
}

function same(what, value, expected) {
  const [one, other] = [JSON.stringify(value), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what} is ${one}, not ${other}`);
}

function isMoney(what, value, expected) {
  if (!(Math.abs(Number(value) - Number(expected)) < 0.005)) throw new Error(`${what} is ${value}, not ${expected}`);
}

function holds(what, truth) {
  if (!truth) throw new Error(what);
}

// The play.

class Play {
  constructor(host, port, clientId, account, version) {
    Object.assign(this, { host, port, clientId, account, version });
  }

  start() {
    this.api = new IBApi({ host: this.host, port: this.port, clientId: this.clientId });
    for (const event of [
      EventName.nextValidId, EventName.managedAccounts, EventName.server, EventName.currentTime,
      EventName.contractDetails, EventName.contractDetailsEnd, EventName.tickPrice, EventName.tickSize,
      EventName.historicalData, EventName.openOrder, EventName.openOrderEnd, EventName.orderStatus, EventName.execDetails,
      EventName.execDetailsEnd, EventName.commissionReport, EventName.position, EventName.positionEnd,
      EventName.accountSummary, EventName.accountSummaryEnd, EventName.pnl, EventName.pnlSingle, EventName.disconnected,
    ]) {
      this.api.on(event, (...values) => note(event, values));
    }
    this.api.on(EventName.error, (error, code, request) => {
      if (/unprocessed data|Underrun|No parser/.test(error.message)) unreadable.push(error.message);
      note("error", [request, code, error.message]);
    });
    this.api.connect();
  }

  status(orderId, ...wanted) {
    return wait(`status ${wanted.join(" or ")} of order ${orderId}`, () => {
      const latest = of("orderStatus").filter(([id]) => id === orderId).at(-1);
      return latest && wanted.includes(latest[1]) ? latest : undefined;
    });
  }

  order(action, orderType, totalQuantity, fields) {
    return { action, orderType, totalQuantity, account: this.account, tif: "DAY", transmit: true, ...fields };
  }

  place(order) {
    const orderId = this.nextId++;
    this.api.placeOrder(orderId, STOCK, { ...order, orderId });
    return orderId;
  }

  async connect(remarks) {
    this.start();
    const [version] = await first("server");
    same("the server version", version, this.version);
    same("managedAccounts", (await first("managedAccounts"))[0], this.account);
    [this.nextId] = await first("nextValidId");
    holds(`nextValidId is ${this.nextId}`, this.nextId >= 1);
    remarks.push(`version ${version}`);
  }

  async serverTime() {
    this.api.reqCurrentTime();
    const [told] = await first("currentTime");
    const { seconds } = await act("time");
    holds(`the time is ${seconds}, told was ${told}`, Math.abs(seconds - told) <= 5);
  }

  async contractDetails() {
    this.api.reqContractDetails(11, STOCK);
    await first("contractDetailsEnd", (request) => request === 11);
    const found = of("contractDetails").filter(([request]) => request === 11);
    same("the number of contracts", found.length, 1);
    const details = found[0][1];
    const { conId, symbol, secType, exchange, currency, primaryExch } = details.contract;
    const told = [conId, symbol, secType, exchange, currency, primaryExch];
    same("the contract", told, [CONTRACT_ID, SYMBOL, "STK", "SMART", "USD", "NYSE"]);
    same("longName", details.longName, LONG_NAME);
    same("minTick", details.minTick, 0.01);
    same("timeZoneId", details.timeZoneId, "US/Eastern");
    holds(`validExchanges are ${details.validExchanges}`, details.validExchanges.split(",").includes("NYSE"));
    holds("no liquidHours", details.liquidHours.includes("20261123:0930-20261123:1600"));
    this.api.reqContractDetails(12, { ...STOCK, symbol: "NOSUCHTHING" });
    same("the error", (await first("error", (request) => request === 12))[1], 200);
  }

  async quotes() {
    const tick = (kind, value) =>
      wait(`tick ${kind} of ${value}`, () => {
        const own = [...of("tickPrice"), ...of("tickSize")].filter(([request, field]) => request === 21 && field === TICK[kind]);
        return own.some(([, , told]) => told === Number(value));
      });
    await quote(OPENING);
    await act("trade", { symbol: SYMBOL, price: "100.00", size: "200" });
    this.api.reqMktData(21, STOCK, "", false, false);
    for (const kind of Object.keys(OPENING)) await tick(kind, OPENING[kind]);
    await tick("last", 100);
    await tick("last_size", 200);
    await tick("volume", 200);
    await quote(MOVED);
    for (const kind of Object.keys(MOVED)) await tick(kind, MOVED[kind]);
    this.api.cancelMktData(21);
    await quote(OPENING);
  }

  async historicalBars(remarks) {
    const rows = {};
    for (const [request, size] of [[31, BarSizeSetting.MINUTES_FIVE], [32, BarSizeSetting.DAYS_ONE]]) {
      const format = request === 31 ? 2 : 1;
      this.api.reqHistoricalData(request, STOCK, "20261120-21:00:00", "1 D", size, WhatToShow.TRADES, 1, format, false);
      await first("historicalData", (asked, date) => asked === request && date.startsWith("finished"));
      rows[request] = of("historicalData").filter(([asked, date]) => asked === request && !date.startsWith("finished"));
    }
    const [bars, daily] = [rows[31], rows[32]];
    same("the number of daily bars", daily.length, 1);
    same("the day of the daily bar", daily[0][1], "20261120");
    same("the number of bars", bars.length, 78);
    same("the first bar", Number(bars[0][1]), Date.UTC(2026, 10, 20, 14, 30) / 1000);
    bars.forEach(([, date, open, high, low, close, volume], at) => {
      same(`the time of bar ${at}`, Number(date), Number(bars[0][1]) + at * 300);
      holds(`bar ${at} has a high below its low`, low <= Math.min(open, close) && high >= Math.max(open, close));
      holds(`bar ${at} has no volume`, volume > 0);
    });
    const [, , open, high, low, close] = daily[0];
    same("the open of the day", open, bars[0][2]);
    same("the high of the day", high, Math.max(...bars.map((bar) => bar[3])));
    same("the low of the day", low, Math.min(...bars.map((bar) => bar[4])));
    same("the close of the day", close, bars.at(-1)[5]);
    remarks.push(`${bars.length} bars`);
  }

  async placeFar(remarks) {
    this.far = this.place(this.order("BUY", "LMT", QUANTITY, { lmtPrice: FAR, orderRef: "far" }));
    const [, status, filled, remaining, , permId, , , clientId] = await this.status(this.far, ...WORKING);
    same("filled, remaining and clientId", [filled, remaining, clientId], [0, QUANTITY, this.clientId]);
    holds(`permId is ${permId}`, permId > 0);
    const [, contract, order] = await first("openOrder", (id) => id === this.far);
    const told = [contract.conId, order.action, order.orderType, order.tif, order.account, order.orderRef];
    same("the order", told, [CONTRACT_ID, "BUY", "LMT", "DAY", this.account, "far"]);
    same("its numbers", [order.lmtPrice, order.totalQuantity, order.permId], [FAR, QUANTITY, permId]);
    remarks.push(status);
  }

  async modify() {
    const before = (await this.status(this.far, ...WORKING))[5];
    const changed = this.order("BUY", "LMT", LARGER, { lmtPrice: FARTHER, orderRef: "far", orderId: this.far });
    this.api.placeOrder(this.far, STOCK, changed);
    const isChanged = (id, _, order) => id === this.far && order.lmtPrice === FARTHER;
    const [, , order] = await first("openOrder", isChanged);
    same("totalQuantity and permId", [order.totalQuantity, order.permId], [LARGER, before]);
    await first("orderStatus", (id, status, _, remaining) => id === this.far && remaining === LARGER);
  }

  async cancel() {
    this.api.cancelOrder(this.far);
    same("filled", (await this.status(this.far, ...ENDED))[2], 0);
    await first("error", (request, code) => request === this.far && code === 202);
    this.api.cancelOrder(999_999);
    same("the error", (await first("error", (request) => request === 999_999))[1], 10147);
    delete heard.openOrder;
    delete heard.openOrderEnd;
    this.api.reqOpenOrders();
    await first("openOrderEnd");
    same("the number of open orders", of("openOrder").length, 0);
  }

  async enter() {
    const parentId = this.nextId;
    const parent = this.place(this.order("BUY", "LMT", QUANTITY, { lmtPrice: ENTRY, transmit: false, orderRef: "bracket" }));
    const profit = this.place(this.order("SELL", "LMT", QUANTITY, { lmtPrice: TAKE_PROFIT, parentId, transmit: false }));
    const stop = this.place(this.order("SELL", "STP", QUANTITY, { auxPrice: STOP_LOSS, parentId, transmit: true }));
    this.bracket = [parent, profit, stop];
    const filled = await this.status(parent, "Filled");
    same("filled, remaining and average price", filled.slice(2, 5), [QUANTITY, 0, Number(OPENING.ask)]);
    await this.status(profit, "Submitted");
    same("parentId", (await this.status(stop, "PreSubmitted"))[6], parent);
  }

  live() {
    return of("execDetails").filter(([request]) => request === -1).map(([, , execution]) => execution);
  }

  async commission(execId) {
    return (await first("commissionReport", (report) => report.execId === execId))[0];
  }

  async positions() {
    this.api.reqPositions();
    await first("positionEnd");
    const own = of("position").filter(([, contract]) => contract.conId === CONTRACT_ID);
    same("the number of positions", own.length, 1);
    const [account, contract, position, cost] = own[0];
    same("the position", [account, contract.symbol, position], [this.account, SYMBOL, QUANTITY]);
    const bought = this.live().find((execution) => execution.orderId === this.bracket[0]);
    const charged = (await this.commission(bought.execId)).commission;
    isMoney("the cost", cost * QUANTITY, Number(OPENING.ask) * QUANTITY + charged);
  }

  async accountSummary(remarks) {
    await quote(HIGHER);
    const tags = { NetLiquidation: "net_liquidation", TotalCashValue: "cash", GrossPositionValue: "gross_position_value" };
    this.api.reqAccountSummary(61, "All", [...Object.keys(tags), "AccountType"].join(","));
    await first("accountSummaryEnd", (request) => request === 61);
    const truth = await act("book", { account: this.account, symbol: SYMBOL });
    for (const [tag, name] of Object.entries(tags)) {
      const [, , , value, currency] = await first("accountSummary", (id, account, told) => told === tag && account === this.account);
      isMoney(tag, value, truth[name]);
      same(`the currency of ${tag}`, currency, "USD");
    }
    this.api.cancelAccountSummary(61);
    remarks.push(`net liquidation ${truth.net_liquidation}`);
  }

  async profit(remarks) {
    const truth = await act("book", { account: this.account, symbol: SYMBOL });
    this.api.reqPnL(71, this.account, "");
    this.api.reqPnLSingle(72, this.account, "", CONTRACT_ID);
    const [, daily, unrealized, realized] = await first("pnl", (request) => request === 71);
    isMoney("unrealizedPnL", unrealized, truth.unrealized);
    isMoney("realizedPnL", realized, 0);
    isMoney("dailyPnL", daily, truth.unrealized);
    const [, position, , own, , value] = await first("pnlSingle", (request) => request === 72);
    same("the position", position, QUANTITY);
    isMoney("unrealizedPnL of the position", own, truth.unrealized);
    isMoney("the value of the position", value, truth.gross_position_value);
    remarks.push(`unrealized ${truth.unrealized}`);
  }

  async takeProfit(remarks) {
    const [, profit, stop] = this.bracket;
    await quote(TARGET);
    const filled = await this.status(profit, "Filled");
    same("filled, remaining and average price", filled.slice(2, 5), [QUANTITY, 0, TAKE_PROFIT]);
    same("filled of the stop", (await this.status(stop, "Cancelled"))[2], 0);
    await first("position", (_, contract, position) => contract.conId === CONTRACT_ID && position === 0);
    remarks.push(`${OPENING.ask} to ${TAKE_PROFIT}`);
  }

  async realized() {
    let earned = (TAKE_PROFIT - Number(OPENING.ask)) * QUANTITY;
    for (const { execId } of this.live()) earned -= (await this.commission(execId)).commission;
    return earned;
  }

  async profitIsRealized(remarks) {
    const expected = await this.realized();
    const near = (value, wanted) => Math.abs(value - wanted) < 0.005;
    await first("pnl", (request, _, unrealized, realized) => request === 71 && near(realized, expected) && near(unrealized, 0));
    this.api.cancelPnL(71);
    this.api.cancelPnLSingle(72);
    remarks.push(expected.toFixed(2));
  }

  async executionsOf(request) {
    this.api.reqExecutions(request, {});
    await first("execDetailsEnd", (asked) => asked === request);
    return of("execDetails").filter(([asked]) => asked === request);
  }

  async executions() {
    const found = await this.executionsOf(81);
    same("the number of executions", found.length, 2);
    const [parent, profit] = this.bracket;
    const expected = [[parent, "BOT", Number(OPENING.ask)], [profit, "SLD", TAKE_PROFIT]];
    found.forEach(([, contract, execution], at) => {
      const [orderId, side, price] = expected[at];
      const { clientId, acctNumber, shares, cumQty, avgPrice, permId, time } = execution;
      const told = [contract.conId, execution.orderId, clientId, execution.side, acctNumber];
      same("the execution", told, [CONTRACT_ID, orderId, this.clientId, side, this.account]);
      same("its numbers", [shares, cumQty, execution.price, avgPrice], [QUANTITY, QUANTITY, price, price]);
      holds(`the time is ${time}`, time.startsWith("20261123"));
      holds(`permId is ${permId}`, permId > 0);
    });
    same("orderRef", found[0][2].orderRef, "bracket");
    const ids = found.map(([, , { execId }]) => execId).sort();
    same("the execution ids told live", this.live().map(({ execId }) => execId).sort(), ids);
  }

  async commissions(remarks) {
    const reports = [];
    for (const { execId } of this.live()) reports.push(await this.commission(execId));
    same("the number of reports", reports.length, 2);
    for (const { currency, commission } of reports) {
      same("the currency", currency, "USD");
      holds(`the commission is ${commission}`, commission >= 1 && commission < 2);
    }
    isMoney("realizedPNL of the sale", reports[1].realizedPNL, await this.realized());
    remarks.push(reports.map(({ commission }) => commission).join(" and "));
  }

  async reconnect() {
    const kept = this.place(this.order("BUY", "LMT", QUANTITY, { lmtPrice: FAR, orderRef: "kept" }));
    const before = await this.status(kept, ...WORKING);
    await act("cut");
    await first("disconnected");
    for (const event of ["openOrder", "orderStatus", "nextValidId"]) delete heard[event];
    this.start();
    [this.nextId] = await first("nextValidId");
    holds(`nextValidId is ${this.nextId} after order ${kept}`, this.nextId > kept);
    const [, , order] = await first("openOrder", (id) => id === kept);
    same("the order", [order.permId, order.lmtPrice, order.orderRef], [before[5], FAR, "kept"]);
    same("the number of executions", (await this.executionsOf(91)).length, 2);
    this.api.cancelOrder(kept);
    await this.status(kept, ...ENDED);
  }

  async told() {
    const rows = [];
    for (const execution of this.live()) {
      const { commission } = await this.commission(execution.execId);
      rows.push({
        execution_id: execution.execId, side: execution.side, quantity: String(execution.shares),
        price: String(execution.price), permanent_id: execution.permId, commission: String(commission),
      });
    }
    say({ told: rows });
  }
}

async function main() {
  const [host, port, clientId, account, version] = process.argv.slice(2);
  const play = new Play(host, Number(port), Number(clientId), account, Number(version));
  await check("connect", (remarks) => play.connect(remarks));
  await check("server time", () => play.serverTime());
  await check("contract details", () => play.contractDetails());
  await check("quotes", () => play.quotes());
  await check("historical bars", (remarks) => play.historicalBars(remarks));
  await check("place", (remarks) => play.placeFar(remarks));
  await check("modify", () => play.modify());
  await check("cancel", () => play.cancel());
  await check("bracket", async (remarks) => {
    await play.enter();
    await check("positions", () => play.positions());
    await check("account summary", (others) => play.accountSummary(others));
    await check("profit and loss", (others) => play.profit(others));
    await play.takeProfit(remarks);
  });
  await check("realized profit", (remarks) => play.profitIsRealized(remarks));
  await check("executions", () => play.executions());
  await check("commissions", (remarks) => play.commissions(remarks));
  await check("reconnect", () => play.reconnect());
  await play.told();
  play.api.disconnect();
  process.exit(0);
}

main().catch((failure) => {
  process.stderr.write(`${failure.stack}\n${failure.message}\n`);
  process.exit(1);
});
