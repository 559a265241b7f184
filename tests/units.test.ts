import { describe, expect, it } from "vitest";

import {
  formatBytes,
  formatDuration,
  parseBytes,
  parseCpu,
  parseDuration,
  parsePercent,
  parseWhole,
} from "../components/units";

describe("parseBytes", () => {
  it.each([
    ["512Mi", 536_870_912],
    ["4Gi", 4_294_967_296],
    ["1.5Gi", 1_610_612_736],
    ["2048Ki", 2_097_152],
    ["1Mi", 2 ** 20],
    ["16Ti", 2 ** 44],
  ])("reads %s", (text, value) => expect(parseBytes(text)).toEqual({ ok: true, value }));

  it.each(["512", "512MB", "-1Gi", "0Mi", "Mi", "", "1 Gi", "64Ki", "1.5Mi", "0.1Gi", "17Ti", "1e3Mi", "512Mi\n"])(
    "refuses %j",
    (text) => expect(parseBytes(text)).toMatchObject({ ok: false, expected: expect.stringContaining("512Mi") }),
  );
});

describe("parseBytes within bounds", () => {
  const bounds = { least: "16Mi", most: "1Gi" };

  it.each(["16Mi", "1Gi"])("reads %s", (text) => expect(parseBytes(text, bounds).ok).toBe(true));

  it.each(["15Mi", "1025Mi"])("refuses %s and names them", (text) =>
    expect(parseBytes(text, bounds)).toMatchObject({
      ok: false,
      expected: expect.stringContaining("from 16Mi to 1Gi"),
    }),
  );
});

describe("parseCpu", () => {
  it.each([
    ["0.5", 0.5],
    ["2", 2],
    ["250m", 0.25],
    ["0.123", 0.123],
    ["10m", 0.01],
    ["1024", 1024],
  ])("reads %s", (text, value) => expect(parseCpu(text)).toEqual({ ok: true, value }));

  it.each([
    ...["0", "-1", "half", "0.5cores", "", "m", ".5", "1.", "1e3"],
    ...["0.0000001", "1e-7", "0.33333333333", "0.5m", "9m", "0.009", "1025", "1024001m"],
  ])("refuses %j", (text) => expect(parseCpu(text).ok).toBe(false));
});

describe("parseDuration", () => {
  it.each([
    ["15d", 1_296_000],
    ["48h", 172_800],
    ["1h30m", 5_400],
    ["30s", 30],
    ["1y2w3d4h5m6s", 33_019_506],
    ["100y", 3_153_600_000],
  ])("reads %s", (text, value) => expect(parseDuration(text)).toEqual({ ok: true, value }));

  it.each(["-1d", "15", "0d", "15 d", "forever", "", "1m1h", "1d1d", "101y", "300y", "1.5d", "500ms"])(
    "refuses %j",
    (text) => expect(parseDuration(text).ok).toBe(false),
  );

  it.each([
    ["0s", "75s", "76s"],
    ["2h", "1w", "1h59m"],
  ])("refuses what is not from %s to %s", (least, most, text) => {
    expect(parseDuration(text, { least, most })).toMatchObject({
      expected: expect.stringContaining(`${least} to ${most}`),
    });
    expect(parseDuration(most, { least, most }).ok).toBe(true);
  });
});

describe("parseWhole", () => {
  it.each([
    ["1", 1],
    ["65535", 65_535],
  ])("reads %s", (text, value) => expect(parseWhole(text, "a port", 1, 65_535)).toEqual({ ok: true, value }));

  it.each(["", "0", "65536", "-1", "1e3", "0x1F90", " 3000 ", "3000.5", "3000.0", "true", "99999999999999999999"])(
    "refuses %j",
    (text) => expect(parseWhole(text, "a port", 1, 65_535)).toEqual({ ok: false, expected: "a port from 1 to 65535" }),
  );
});

describe("parsePercent", () => {
  it.each([
    ["0", 0],
    ["0.5", 0.5],
    ["100", 100],
  ])("reads %s", (text, value) => expect(parsePercent(text)).toEqual({ ok: true, value }));

  it.each(["", "-1", "100.1", "20%", "1e1", "true", "null", ".5"])("refuses %j", (text) =>
    expect(parsePercent(text).ok).toBe(false),
  );
});

describe("formatting", () => {
  it.each([
    [1_209_600, "336h"],
    [5_400, "90m"],
    [45, "45s"],
  ])("writes %d seconds as %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  it.each([
    [536_870_912, "512Mi"],
    [4_294_967_296, "4Gi"],
    [1_000, "1000"],
  ])("writes %d bytes as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});
