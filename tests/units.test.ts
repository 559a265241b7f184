import { describe, expect, it } from "vitest";

import { formatBytes, formatDuration, parseBytes, parseCpu, parseDuration } from "../components/units";

describe("parseBytes", () => {
  it.each([
    ["512Mi", 536_870_912],
    ["4Gi", 4_294_967_296],
    ["1.5Gi", 1_610_612_736],
    ["64Ki", 65_536],
  ])("reads %s", (text, value) => expect(parseBytes(text)).toEqual({ ok: true, value }));

  it.each(["512", "512MB", "-1Gi", "0Mi", "Mi", "", "1 Gi"])("refuses %j", (text) =>
    expect(parseBytes(text)).toMatchObject({ ok: false, expected: expect.stringContaining("512Mi") }),
  );
});

describe("parseCpu", () => {
  it.each([
    ["0.5", 0.5],
    ["2", 2],
    ["250m", 0.25],
  ])("reads %s", (text, value) => expect(parseCpu(text)).toEqual({ ok: true, value }));

  it.each(["0", "-1", "half", "0.5cores"])("refuses %j", (text) => expect(parseCpu(text).ok).toBe(false));
});

describe("parseDuration", () => {
  it.each([
    ["15d", 1_296_000],
    ["48h", 172_800],
    ["1h30m", 5_400],
    ["30s", 30],
  ])("reads %s", (text, value) => expect(parseDuration(text)).toEqual({ ok: true, value }));

  it.each(["-1d", "15", "0d", "15 d", "forever", ""])("refuses %j", (text) =>
    expect(parseDuration(text).ok).toBe(false),
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
