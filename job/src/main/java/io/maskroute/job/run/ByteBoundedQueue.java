package io.maskroute.job.run;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * First in, first out, between many threads that put and one that takes. What waits is bounded by its size in bytes, not by its
 * number; an item larger than the bound passes when nothing else waits. Threads that wait for room get it in the order they
 * came, so that a large item is not starved by small ones.
 */
final class ByteBoundedQueue<T> {
    private final long capacity;
    private final Deque<Item<T>> waiting = new ArrayDeque<>();
    /** Held by the one thread that is next to put. */
    private final ReentrantLock entrance = new ReentrantLock(true);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final Condition content = lock.newCondition();
    private long bytes;
    private boolean closed;

    private record Item<T>(T value, long bytes) {}

    ByteBoundedQueue(long capacity) {
        this.capacity = capacity;
    }

    /**
     * Waits for room.
     *
     * @return false, and nothing was put, if the queue is closed
     */
    boolean put(T value, long size) throws InterruptedException {
        entrance.lockInterruptibly();
        try {
            lock.lockInterruptibly();
            try {
                while (!closed && !waiting.isEmpty() && bytes + size > capacity) {
                    room.await();
                }
                if (closed) {
                    return false;
                }
                waiting.add(new Item<>(value, size));
                bytes += size;
                content.signal();
                return true;
            } finally {
                lock.unlock();
            }
        } finally {
            entrance.unlock();
        }
    }

    /** Waits for an item; null once the queue is closed. */
    T take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed && waiting.isEmpty()) {
                content.await();
            }
            if (closed) {
                return null;
            }
            Item<T> first = waiting.remove();
            leave(first);
            return first.value();
        } finally {
            lock.unlock();
        }
    }

    /** The first item, if there is one and it is wanted; does not wait. */
    Optional<T> takeIf(Predicate<T> wanted) {
        lock.lock();
        try {
            if (waiting.isEmpty() || !wanted.test(waiting.element().value())) {
                return Optional.empty();
            }
            Item<T> first = waiting.remove();
            leave(first);
            return Optional.of(first.value());
        } finally {
            lock.unlock();
        }
    }

    /** Takes an item back; a no-op when it waits no more. */
    void remove(T value) {
        lock.lock();
        try {
            for (Iterator<Item<T>> items = waiting.iterator(); items.hasNext(); ) {
                Item<T> item = items.next();
                if (item.value() == value) {
                    items.remove();
                    leave(item);
                    return;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void leave(Item<T> item) {
        bytes -= item.bytes();
        room.signal();
    }

    /** Lets nothing more in or out, and wakes whoever waits. @return what was waiting, in order */
    List<T> close() {
        lock.lock();
        try {
            closed = true;
            List<T> left = new ArrayList<>(waiting.size());
            waiting.forEach(item -> left.add(item.value()));
            waiting.clear();
            bytes = 0;
            room.signalAll();
            content.signalAll();
            return left;
        } finally {
            lock.unlock();
        }
    }

    long bytes() {
        lock.lock();
        try {
            return bytes;
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }
}
