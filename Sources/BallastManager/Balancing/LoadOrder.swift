/// Hosts by load, of which the most (or least) loaded is at hand.
///
/// Rule      a tournament: every inner node of a binary tree names the winner of its two halves; ties go to the lower
///           host.
/// Cost      O(log hosts) to change, take out or put back one; O(1) for the winner.
struct LoadOrder {
  private var keys: [Int64]
  private var winners: [Int]
  private let leaves: Int
  private let mostFirst: Bool
  /// Levels of the tree climbed so far.
  private(set) var work = 0

  /// No host is in it yet.
  init(count: Int, mostFirst: Bool) {
    var leaves = 1
    while leaves < count { leaves *= 2 }
    self.leaves = leaves
    self.mostFirst = mostFirst
    keys = Array(repeating: 0, count: count)
    winners = Array(repeating: -1, count: 2 * leaves)
  }

  var first: Int? { winners[1] < 0 ? nil : winners[1] }

  /// Puts a host in with this load, or changes its load.
  mutating func set(_ host: Int, _ load: Int64) {
    keys[host] = load
    winners[leaves + host] = host
    climb(from: host)
  }

  mutating func takeOut(_ host: Int) {
    winners[leaves + host] = -1
    climb(from: host)
  }

  /// The first `count` hosts, best first.
  mutating func leading(_ count: Int) -> [Int] {
    var taken: [Int] = []
    while taken.count < count, let host = first {
      taken.append(host)
      takeOut(host)
    }
    for host in taken { set(host, keys[host]) }
    return taken
  }

  private mutating func climb(from host: Int) {
    var node = (leaves + host) / 2
    while node >= 1 {
      winners[node] = winner(winners[2 * node], winners[2 * node + 1])
      work += 1
      node /= 2
    }
  }

  /// The left half holds the lower hosts, so a tie is its.
  private func winner(_ left: Int, _ right: Int) -> Int {
    if left < 0 { return right }
    if right < 0 { return left }
    return (mostFirst ? keys[right] > keys[left] : keys[right] < keys[left]) ? right : left
  }
}
