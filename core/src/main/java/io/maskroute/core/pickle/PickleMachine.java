package io.maskroute.core.pickle;

import io.maskroute.core.error.UnusableInputException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The pickle stack machine, without the opcodes that make objects. Opcodes are those of CPython's {@code pickletools}; names in
 * comments are theirs.
 */
final class PickleMachine {
    private static final int NEWEST_PROTOCOL = 5;
    /** Bytes of a number that has {@link PickleText#MAX_DIGITS} digits. */
    private static final int MAX_NUMBER_BYTES = 1786;

    private static final Object MARK = new Object();

    private final PickleInput in;
    private final PickleLimits limits;
    private final Globals globals;
    private final ArrayList<Object> stack = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();
    private long pushed;

    /** A tuple, so that it is not taken for a list that may be appended to. */
    private static List<Object> tuple(List<Object> items) {
        return Collections.unmodifiableList(items);
    }

    PickleMachine(PickleInput in, PickleLimits limits, Globals globals) {
        this.in = in;
        this.limits = limits;
        this.globals = globals;
    }

    /** The value on top of the stack at STOP. */
    Object run() {
        try {
            for (int opcode = in.u8(); opcode != '.'; opcode = in.u8()) {
                step(opcode);
            }
            return pop();
        } catch (IllegalArgumentException e) {
            throw in.error(e.getMessage());
        }
    }

    private void step(int opcode) {
        switch (opcode) {
            case 0x80 -> protocol(in.u8()); // PROTO
            case 0x95 -> in.requireLeft(in.i64()); // FRAME
            case '(' -> push(MARK);
            case '0' -> popAny(); // POP
            case '1' -> popToMark(); // POP_MARK
            case '2' -> push(peek()); // DUP
            case 'N', 'I', 'L', 'F', 'J', 'K', 'M', 'G', 0x88, 0x89, 0x8a, 0x8b -> push(number(opcode));
            case 'S', 'V', 'T', 'U', 'X', 'B', 'C', 0x8c, 0x8d, 0x8e -> push(text(opcode));
            case ']' -> push(new ArrayList<>()); // EMPTY_LIST
            case 'l' -> push(popToMark()); // LIST
            case ')' -> push(tuple(new ArrayList<>(0))); // EMPTY_TUPLE
            case 't' -> push(tuple(popToMark())); // TUPLE
            case 0x85 -> push(tuple(popLast(1))); // TUPLE1
            case 0x86 -> push(tuple(popLast(2))); // TUPLE2
            case 0x87 -> push(tuple(popLast(3))); // TUPLE3
            case '}' -> push(new LinkedHashMap<String, Object>()); // EMPTY_DICT
            case 'd' -> { // DICT
                List<Object> items = popToMark();
                Map<String, Object> dict = new LinkedHashMap<>();
                putAll(dict, items);
                push(dict);
            }
            case 'a' -> appendAll(popLast(1)); // APPEND
            case 'e' -> appendAll(popToMark()); // APPENDS
            case 's' -> setAll(popLast(2)); // SETITEM
            case 'u' -> setAll(popToMark()); // SETITEMS
            case 'p' -> memo.put(memoIndex(), peek()); // PUT
            case 'q' -> memo.put((long) in.u8(), peek()); // BINPUT
            case 'r' -> memo.put(in.u32(), peek()); // LONG_BINPUT
            case 0x94 -> memo.put((long) memo.size(), peek()); // MEMOIZE
            case 'g' -> push(recall(memoIndex())); // GET
            case 'h' -> push(recall(in.u8())); // BINGET
            case 'j' -> push(recall(in.u32())); // LONG_BINGET
            case 'c' -> push(global(in.line(), in.line())); // GLOBAL
            case 0x93 -> { // STACK_GLOBAL
                List<Object> names = popLast(2);
                push(global(String.valueOf(names.get(0)), String.valueOf(names.get(1))));
            }
            case 'R' -> reduce(); // REDUCE
            case 'b' -> build(); // BUILD
            case 'P' -> push(persistent(in.line())); // PERSID
            case 'Q' -> push(persistent(pop())); // BINPERSID
            case 'i' -> throw constructs(in.line() + "." + in.line()); // INST
            case 'o' -> throw constructs("a class (OBJ)");
            case 0x81, 0x92 -> throw constructs("a class (NEWOBJ)");
            case 0x82, 0x83, 0x84 -> throw constructs("a registered extension (EXT)");
            default -> throw in.error("unknown or unsupported opcode 0x" + Integer.toHexString(opcode));
        }
    }

    private void protocol(int version) {
        if (version > NEWEST_PROTOCOL) {
            throw in.error("protocol " + version + ", known are 0 to " + NEWEST_PROTOCOL);
        }
    }

    private Object number(int opcode) {
        return switch (opcode) {
            case 'N' -> null; // NONE
            case 'I' -> PickleText.integer(in.line()); // INT
            case 'L' -> PickleText.number(in.line()); // LONG
            case 'F' -> PickleText.real(in.line()); // FLOAT
            case 'J' -> (long) in.i32(); // BININT
            case 'K' -> (long) in.u8(); // BININT1
            case 'M' -> (long) in.u16(); // BININT2
            case 'G' -> in.f64(); // BINFLOAT
            case 0x88 -> true; // NEWTRUE
            case 0x89 -> false; // NEWFALSE
            case 0x8a -> binaryNumber(in.u8()); // LONG1
            default -> binaryNumber(in.i32()); // LONG4
        };
    }

    private Object binaryNumber(int length) {
        if (length > MAX_NUMBER_BYTES) {
            throw in.error("a number of " + length + " bytes");
        }
        byte[] littleEndian = in.take(length);
        byte[] bigEndian = new byte[length];
        for (int i = 0; i < length; i++) {
            bigEndian[i] = littleEndian[length - 1 - i];
        }
        return length == 0 ? (Object) 0L : PickleText.plain(new BigInteger(bigEndian));
    }

    private String text(int opcode) {
        return switch (opcode) {
            case 'S' -> PickleText.quoted(in.line()); // STRING
            case 'V' -> PickleText.rawUnicode(in.line()); // UNICODE
            case 'T' -> in.latin1(in.i32()); // BINSTRING
            case 'U', 'C' -> in.latin1(in.u8()); // SHORT_BINSTRING, SHORT_BINBYTES
            case 'B' -> in.latin1(in.u32()); // BINBYTES
            case 0x8e -> in.latin1(in.i64()); // BINBYTES8
            case 'X' -> in.utf8(in.u32()); // BINUNICODE
            case 0x8c -> in.utf8(in.u8()); // SHORT_BINUNICODE
            default -> in.utf8(in.i64()); // BINUNICODE8
        };
    }

    private long memoIndex() {
        String line = in.line();
        if (!line.matches("[0-9]{1,10}")) {
            throw in.error("a memo index that is none");
        }
        return Long.parseLong(line);
    }

    private Object recall(long index) {
        if (!memo.containsKey(index)) {
            throw in.error("memo slot " + index + " is empty");
        }
        return memo.get(index);
    }

    @SuppressWarnings("unchecked")
    private void appendAll(List<Object> items) {
        if (!(peek() instanceof ArrayList<?> list)) {
            throw in.error("items are appended to what is no list");
        }
        ((ArrayList<Object>) list).addAll(items);
    }

    @SuppressWarnings("unchecked")
    private void setAll(List<Object> items) {
        if (!(peek() instanceof LinkedHashMap<?, ?> map)) {
            throw in.error("items are set in what is no dict");
        }
        putAll((Map<String, Object>) map, items);
    }

    private void putAll(Map<String, Object> dict, List<Object> items) {
        if (items.size() % 2 != 0) {
            throw in.error("a dict key has no value");
        }
        for (int i = 0; i < items.size(); i += 2) {
            if (!(items.get(i) instanceof String key)) {
                throw in.error("a dict key is not a string");
            }
            dict.put(key, items.get(i + 1));
        }
    }

    private Globals.Callable global(String module, String name) {
        Globals.Callable callable = globals.global(module, name);
        if (callable == null) {
            throw constructs(module + "." + name);
        }
        return callable;
    }

    private void reduce() {
        List<Object> call = popLast(2);
        if (!(call.get(0) instanceof Globals.Callable callable) || !(call.get(1) instanceof List<?> arguments)) {
            throw constructs("a value that is no name");
        }
        push(callable.call(arguments));
    }

    private void build() {
        Object state = pop();
        if (!globals.build(peek(), state)) {
            throw constructs("an object's state (BUILD)");
        }
    }

    private Object persistent(Object id) {
        Object found = globals.persistent(id);
        if (found == null) {
            throw constructs("a persistent id");
        }
        return found;
    }

    private UnusableInputException constructs(String what) {
        String line = what.replaceAll("[\\p{Cntrl}]", "?");
        return in.error("it asks for " + (line.length() <= 100 ? line : line.substring(0, 100) + "…")
                + "; only plain lists, dicts, strings and numbers are read and no code is run");
    }

    private void push(Object value) {
        if (++pushed > limits.values()) {
            throw in.error("more than " + limits.values() + " values");
        }
        stack.add(value);
    }

    private Object popAny() {
        if (stack.isEmpty()) {
            throw in.error("the stack is empty");
        }
        return stack.remove(stack.size() - 1);
    }

    private Object pop() {
        Object value = popAny();
        if (value == MARK) {
            throw in.error("a mark where a value is expected");
        }
        return value;
    }

    private Object peek() {
        Object value = pop();
        stack.add(value);
        return value;
    }

    private ArrayList<Object> popLast(int count) {
        ArrayList<Object> items = new ArrayList<>(Collections.nCopies(count, null));
        for (int i = count - 1; i >= 0; i--) {
            items.set(i, pop());
        }
        return items;
    }

    private ArrayList<Object> popToMark() {
        int mark = stack.lastIndexOf(MARK);
        if (mark < 0) {
            throw in.error("no mark on the stack");
        }
        List<Object> above = stack.subList(mark + 1, stack.size());
        ArrayList<Object> items = new ArrayList<>(above);
        stack.subList(mark, stack.size()).clear();
        return items;
    }
}
