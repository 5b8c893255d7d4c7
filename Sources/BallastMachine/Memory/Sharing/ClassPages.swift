import BallastUnits

/// Pages of one class of one VM, by what the scanner knows of them; expectations in units of 2⁻²⁰ page.
///
/// Promises  every move conserves the sum · a whole class visited leaves no remainder behind.
/// Rounding  moves are rounded down to 2⁻²⁰ page; pages are rounded only when told.
struct ClassPages: Sendable, BitwiseCopyable {
  static let page: Int64 = 1 << 20

  struct Part: Sendable, BitwiseCopyable {
    /// Never visited.
    var new: Int64 = 0
    /// Visited, and written to since.
    var changed: Int64 = 0
    /// Visited once and unchanged since: the next visit looks for equals.
    var seen: Int64 = 0
    /// Known by content: shared, or waiting for an equal.
    var known: Int64 = 0

    var sum: Int64 { new + changed + seen + known }

    static func += (a: inout Part, b: Part) {
      a.new += b.new
      a.changed += b.changed
      a.seen += b.seen
      a.known += b.known
    }
  }

  /// Not yet visited in this pass, and visited.
  var ahead = Part()
  var behind = Part()

  var known: Int64 { ahead.known + behind.known }
  /// Visited, but neither shared nor waiting: volatile.
  var unsettled: Int64 { ahead.seen + ahead.changed + behind.seen + behind.changed }
  var new: Int64 { ahead.new + behind.new }
  var sum: Int64 { ahead.sum + behind.sum }

  /// What a visit does to pages.
  enum Visit {
    /// Linux: remembers the checksum; the page is known when it was the same the last time.
    case checksum
    /// ESXi: known at once.
    case hash
    /// Pages that change faster than the scanner comes by.
    case changing
    /// Passed over by smart scan: out of the tree until the next visit.
    case skip
  }

  mutating func beginPass() {
    ahead += behind
    behind = Part()
  }

  /// Visits `count` of the `left` pages that are ahead.
  mutating func visit(_ count: Int64, of left: Int64, _ visit: Visit) {
    let moved: Part
    if count == left {
      moved = ahead
    } else {
      moved = ahead.scaled(by: count, over: left)
    }
    ahead.new -= moved.new
    ahead.changed -= moved.changed
    ahead.seen -= moved.seen
    ahead.known -= moved.known
    switch visit {
    case .checksum:
      behind.seen += moved.new + moved.changed
      behind.known += moved.seen + moved.known
    case .hash: behind.known += moved.sum
    case .changing: behind.changed += moved.sum
    case .skip: behind.seen += moved.sum
    }
  }

  /// `written` of `all` pages, any alike, are written to. Returns how many of the known ones.
  mutating func write(_ written: Int64, of all: Int64) -> Int64 {
    Self.write(written, of: all, &ahead) + Self.write(written, of: all, &behind)
  }

  private static func write(_ written: Int64, of all: Int64, _ part: inout Part) -> Int64 {
    let known = scaled(part.known, by: written, over: all)
    let seen = scaled(part.seen, by: written, over: all)
    part.known -= known
    part.seen -= seen
    part.changed += known + seen
    return known
  }

  /// Everything is taken apart, and forgotten.
  mutating func forget() {
    behind = Part(new: sum)
    ahead = Part()
  }

  /// Makes it `pages` pages: further ones are new; of those that go, each is alike.
  mutating func resize(to pages: Int64) {
    let (old, size) = (sum, pages * Self.page)
    if size > old {
      let later = old == 0 ? size : scaled(size - old, by: ahead.sum, over: old)
      ahead.new += later
      behind.new += size - old - later
    } else if size < old {
      scale(to: size, from: old)
    }
  }

  /// What rounding loses goes to the pages that are known: nothing new is to be found in it.
  private mutating func scale(to size: Int64, from old: Int64) {
    ahead = ahead.scaled(by: size, over: old)
    behind = behind.scaled(by: size, over: old)
    let lost = size - sum
    if ahead.known > behind.known { ahead.known += lost } else { behind.known += lost }
  }
}

extension ClassPages.Part {
  fileprivate func scaled(by count: Int64, over all: Int64) -> Self {
    Self(
      new: part(of: new, count, all), changed: part(of: changed, count, all),
      seen: part(of: seen, count, all), known: part(of: known, count, all))
  }

  /// Most states are empty most of the time.
  private func part(of value: Int64, _ count: Int64, _ all: Int64) -> Int64 {
    value == 0 ? 0 : BallastUnits.scaled(value, by: count, over: all)
  }
}
