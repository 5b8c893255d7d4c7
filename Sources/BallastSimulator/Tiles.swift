import Dispatch

/// Splits hosts into tiles and works on them side by side. The tiles are the same for any number of threads, and no tile
/// sees another's state, so the result does not depend on it.
struct Tiles: Sendable {
  let ranges: [Range<Int>]
  let threads: Int

  init(count: Int, threads: Int) {
    self.threads = threads
    let wanted = min(max(count, 1), 16)
    ranges = (0..<wanted).map { tile in
      count * tile / wanted..<count * (tile + 1) / wanted
    }
  }

  /// Calls `body` for each tile once, with the tile's number.
  func perform(_ body: @Sendable (Int, Range<Int>) -> Void) {
    if threads <= 1 || ranges.count <= 1 {
      for (tile, range) in ranges.enumerated() { body(tile, range) }
      return
    }
    // One strand per thread; strand k takes tiles k, k + threads, …
    let strands = min(threads, ranges.count)
    DispatchQueue.concurrentPerform(iterations: strands) { strand in
      for tile in stride(from: strand, to: ranges.count, by: strands) {
        body(tile, ranges[tile])
      }
    }
  }
}
