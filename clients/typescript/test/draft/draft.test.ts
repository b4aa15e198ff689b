/** The draft's helpers against Rust: one test for each row of the table of semantics in the design of lowering. */
import { describe, expect, it } from "vitest";
import * as $ from "../../src/draft/index.js";
import { Fault, GiveUp, Refused } from "../../src/draft/index.js";


describe("integers", () => {
  it("overflow of + - * is a fault, at both ends of each range", () => {
    expect($.u8(255)).toBe(255);
    expect(() => $.u8(256)).toThrow(Fault);
    expect(() => $.u8(-1)).toThrow(Fault);
    expect($.i32(-2147483648)).toBe(-2147483648);
    expect(() => $.i32(2147483648)).toThrow(Fault);
    expect(() => $.u32(4294967295 * 4294967295)).toThrow(Fault);
    expect(() => $.i16(-32769)).toThrow(Fault);
  });

  it("64 bits are exact up to 2^53, else given up; below zero a fault", () => {
    expect($.u64(2 ** 53 - 1)).toBe(2 ** 53 - 1);
    expect(() => $.u64(2 ** 53)).toThrow(GiveUp);
    expect(() => $.usize(-1)).toThrow(Fault);
    expect(() => $.i64(-(2 ** 53))).toThrow(GiveUp);
  });

  it("/ truncates, faults by zero, and never gives -0", () => {
    expect($.div(-7, 2)).toBe(-3);
    expect(Object.is($.div(0, -5), 0)).toBe(true);
    expect(Object.is($.div(-1, 5), 0)).toBe(true);
    expect(() => $.div(1, 0)).toThrow(Fault);
    expect(() => $.i32($.div(-2147483648, -1))).toThrow(Fault);
  });

  it("% has the sign of the dividend, faults by zero and for MIN % -1, and never gives -0", () => {
    expect($.rem(-7, 3)).toBe(-1);
    expect(Object.is($.rem(-6, 3), 0)).toBe(true);
    expect(() => $.rem(1, 0)).toThrow(Fault);
    expect(() => $.rem(-128, -1, -128)).toThrow(Fault);
  });

  it("the opposite of 0 is 0, not -0, also through a range test", () => {
    expect(Object.is($.i32(-0), 0)).toBe(true);
    expect(Object.is($.checked("i32", -0), 0)).toBe(true);
  });

  it("as between integers wraps", () => {
    expect($.wrapped("u8", 257)).toBe(1);
    expect($.wrapped("i8", 200)).toBe(-56);
    expect($.wrapped("u32", -1)).toBe(4294967295);
    expect($.wrapped("i32", 4294967295)).toBe(-1);
    expect($.wrapped("u16", -1)).toBe(65535);
    expect($.wrapped("i16", 65535)).toBe(-1);
    expect(() => $.wrapped("u64", -1)).toThrow(GiveUp);
  });

  it("as from a float saturates, and NaN is 0", () => {
    expect($.fromFloat("u8", 300.5)).toBe(255);
    expect($.fromFloat("u8", -1)).toBe(0);
    expect($.fromFloat("i32", -1.9)).toBe(-1);
    expect($.fromFloat("i32", Number.NaN)).toBe(0);
    expect(Object.is($.fromFloat("i32", -0.5), 0)).toBe(true);
    expect(() => $.fromFloat("u64", 1e300)).toThrow(GiveUp);
  });

  it("checked, saturating and wrapping arithmetic", () => {
    expect($.checked("u8", 256)).toBeNull();
    expect($.checkedDiv("i8", -128, -1)).toBeNull();
    expect($.checkedDiv("i8", 1, 0)).toBeNull();
    expect($.checkedRem("i32", -2147483648, -1)).toBeNull();
    expect($.saturated("u32", -5)).toBe(0);
    expect($.saturated("i8", 1000)).toBe(127);
    expect($.wrappedMul("u32", 4294967295, 4294967295)).toBe(1);
    expect($.wrappedMul("i32", 2147483647, 2)).toBe(-2);
    expect($.wrappedMul("u8", 200, 3)).toBe(88);
  });

  it("pow is exact while it fits", () => {
    expect($.pow(3, 4)).toBe(81);
    expect($.pow(-2, 31)).toBe(-2147483648);
    expect($.pow(7, 0)).toBe(1);
    expect($.pow(-1, 4294967295)).toBe(-1);
    expect($.pow(0, 4294967295)).toBe(0);
    expect(() => $.u32($.pow(10, 4294967295))).toThrow(Fault);
  });

  it("clamp with crossed bounds is a fault", () => {
    expect($.clamp(5, 1, 3)).toBe(3);
    expect(() => $.clamp(5, 3, 1)).toThrow(Fault);
  });
});

describe("floats", () => {
  it("NaN and infinity cannot be in a model", () => {
    expect($.f64(1.5)).toBe(1.5);
    expect(Object.is($.f64(-0), -0)).toBe(true);
    expect(() => $.f64(Number.NaN)).toThrow(Fault);
    expect(() => $.f64(Number.POSITIVE_INFINITY)).toThrow(Fault);
  });

  it("NaN loses against a number", () => {
    expect($.fmax(Number.NaN, 1)).toBe(1);
    expect($.fmin(1, Number.NaN)).toBe(1);
    expect($.fmin(1, 2)).toBe(1);
  });
});

describe("text", () => {
  it("len counts the bytes of UTF-8", () => {
    for (const text of ["", "a", "ß", "€", "𝄞", "a€𝄞ß", "\uffff"]) {
      expect($.utf8(text)).toBe(new TextEncoder().encode(text).length);
    }
  });

  it("trim has U+0085 and not U+FEFF", () => {
    expect($.trim("\u0085 a\t\n")).toBe("a");
    expect($.trim("\ufeffa\ufeff")).toBe("\ufeffa\ufeff");
    expect($.trimStart("\u2003a ")).toBe("a ");
    expect($.trimEnd(" a\u3000")).toBe(" a");
    expect($.trim("\u200b")).toBe("\u200b");
    expect($.trim("\u001c")).toBe("\u001c");
  });

  it("order is by code point: U+FFFF before astral", () => {
    expect($.cmp("\uffff", "𝄞")).toBe(-1);
    expect($.cmp("𝄞", "\ue000")).toBe(1);
    expect($.cmp("a", "ab")).toBe(-1);
    expect($.cmp("a", "a")).toBe(0);
    expect($.cmp(2, 10)).toBe(-1);
  });

  it("None comes before every Some", () => {
    expect($.cmpOpt(null, 0)).toBe(-1);
    expect($.cmpOpt(null, null)).toBe(0);
    expect($.cmpOpt("b", "a")).toBe(1);
  });

  it("parse takes what Rust takes", () => {
    expect($.parse("i32", "+7")).toBe(7);
    expect($.parse("i32", "-007")).toBe(-7);
    expect(Object.is($.parse("i32", "-0"), 0)).toBe(true);
    for (const text of ["", " 7", "7 ", "0x10", "1e3", "1.0", "+", "-", "--1", "٣"]) expect($.parse("i32", text)).toBeNull();
    expect($.parse("u32", "-0")).toBeNull();
    expect($.parse("u8", "256")).toBeNull();
    expect($.parse("u64", "18446744073709551616")).toBeNull();
    expect(() => $.parse("u64", "18446744073709551615")).toThrow(GiveUp);
    expect($.parse("i64", "-9007199254740991")).toBe(-9007199254740991);
  });

  it("replace is literal", () => {
    expect($.replace("aXa", "X", "$&$1")).toBe("a$&$1a");
    expect(() => $.replace("a", "", "b")).toThrow(GiveUp);
  });

  it("ASCII case leaves other letters alone", () => {
    expect($.lowerAscii("AİÄz")).toBe("aİÄz");
    expect($.upperAscii("aıäZ")).toBe("AıäZ");
  });
});

describe("maps and sets", () => {
  it("keys such as __proto__ and constructor are keys like any other", () => {
    const map: Record<string, number> = {};
    expect($.mapGet(map, "constructor")).toBeNull();
    expect($.has(map, "__proto__")).toBe(false);
    expect($.mapSet(map, "__proto__", 1)).toBeNull();
    expect($.mapSet(map, "__proto__", 2)).toBe(1);
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
    expect($.keys(map)).toEqual(["__proto__"]);
    const copy = $.mine(map);
    expect($.mapGet(copy, "__proto__")).toBe(2);
    expect($.mapGet($.clone(map), "__proto__")).toBe(2);
    expect($.mapDel(map, "__proto__")).toBe(2);
    expect($.mapLen(map)).toBe(0);
  });

  it("keys come in Rust's order, not in JavaScript's", () => {
    expect($.keys({ b: 1, 10: 1, 9: 1, "𝄞": 1, "\uffff": 1 })).toEqual(["10", "9", "b", "\uffff", "𝄞"]);
    expect($.numKeys({ 10: 1, 9: 1, "-1": 1 })).toEqual([-1, 9, 10]);
  });

  it("map[key] of an absent key is a fault", () => {
    expect(() => $.mapAt({}, "toString")).toThrow(Fault);
  });

  it("a set is a sorted list", () => {
    const set = ["b"];
    expect($.setAdd(set, "a")).toBe(true);
    expect($.setAdd(set, "a")).toBe(false);
    expect($.setAdd(set, "c")).toBe(true);
    expect(set).toEqual(["a", "b", "c"]);
    expect($.setDel(set, "b")).toBe(true);
    expect($.setDel(set, "b")).toBe(false);
    expect($.setHas(set, "c")).toBe(true);
    expect($.setOf([10, 9, 10])).toEqual([9, 10]);
  });
});

describe("lists", () => {
  it("an index out of range is a fault, get is null", () => {
    expect($.get([1], 1)).toBeNull();
    expect($.get([1], -1)).toBeNull();
    expect(() => $.at([1], 1)).toThrow(Fault);
    expect(() => $.removeAt([], 0)).toThrow(Fault);
    expect(() => $.insertAt([1], 2, 1)).toThrow(Fault);
    expect(() => $.swapAt([1], 0, 1)).toThrow(Fault);
    expect($.pop([])).toBeNull();
  });

  it("retain, dedup, truncate, split_off and swap_remove do what Rust's do", () => {
    const list = [1, 2, 2, 3, 2];
    $.dedup(list, (n) => n);
    expect(list).toEqual([1, 2, 3, 2]);
    $.retain(list, (n) => n !== 3);
    expect(list).toEqual([1, 2, 2]);
    expect($.swapRemove(list, 0)).toBe(1);
    expect(list).toEqual([2, 2]);
    $.truncate(list, 9);
    expect($.splitOff(list, 1)).toEqual([2]);
    expect(list).toEqual([2]);
  });
});

describe("equality", () => {
  it("== on structs is deep, and by own keys", () => {
    expect($.eq({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBe(true);
    expect($.eq({ a: 1 }, { a: 1, b: 2 })).toBe(false);
    expect($.eq([], {})).toBe(false);
    expect($.eq({ toString: 1 }, { a: 1 })).toBe(false);
  });
});

describe("errors", () => {
  it("fail throws the author's error", () => {
    try {
      $.fail({ code: "Full", limit: 3 });
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(Refused);
      expect((thrown as Refused).error).toEqual({ code: "Full", limit: 3 });
    }
    expect.assertions(2);
  });
});
