#include "bound.h"

#include <stdlib.h>

/// What the engine's queue keeps per event.
typedef struct {
  uint64_t time;
  uint64_t order;
  int64_t payload;
} entry;

static inline int before(const entry *a, const entry *b) {
  return a->time < b->time || (a->time == b->time && a->order < b->order);
}

static void rise(entry *heap, size_t hole, entry value) {
  while (hole > 0) {
    size_t parent = (hole - 1) / 4;
    if (before(&heap[parent], &value)) break;
    heap[hole] = heap[parent];
    hole = parent;
  }
  heap[hole] = value;
}

/// Walks the hole at the root down to a leaf and fills it with the last entry, as the engine does.
static entry pop(entry *heap, size_t *count) {
  entry first = heap[0], last = heap[--*count];
  size_t hole = 0;
  for (;;) {
    size_t child = 4 * hole + 1, least = child;
    if (child >= *count) break;
    size_t end = child + 4 < *count ? child + 4 : *count;
    for (size_t next = child + 1; next < end; next++)
      if (before(&heap[next], &heap[least])) least = next;
    heap[hole] = heap[least];
    hole = least;
  }
  if (*count > 0) rise(heap, hole, last);
  return first;
}

uint64_t bound_queue(int pending, int steps) {
  entry *heap = malloc(sizeof(entry) * (size_t)(pending + 1));
  size_t count = 0;
  uint64_t pushes = 0, x = 1, order = 0;
  for (int payload = 0; payload < pending; payload++) {
    x = queue_step(x);
    rise(heap, count++, (entry){queue_delay(x), pushes++, payload});
  }
  for (int step = 0; step < steps; step++) {
    entry first = pop(heap, &count);
    order = order * 31 + (uint64_t)first.payload;
    x = queue_step(x);
    rise(heap, count++, (entry){first.time + queue_delay(x), pushes++, first.payload});
  }
  free(heap);
  return order;
}
