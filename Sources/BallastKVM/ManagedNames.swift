import BallastModel
import Glibc

/// Which domains of a host are under management, by name.
///
/// Promises  byte-wise order of names, so that an index means the same VM in a simulator and on a host.
public struct ManagedNames: Sendable, Equatable, Codable {
  /// In byte-wise order, each once; a VM's index is its rank here.
  public let names: [String]

  public init(_ names: some Sequence<String>) {
    var sorted = names.sorted { byteOrder($0, $1) < 0 }
    var kept = 0
    for index in sorted.indices where index == 0 || sorted[index] != sorted[kept - 1] {
      sorted[kept] = sorted[index]
      kept += 1
    }
    sorted.removeSubrange(kept...)
    self.names = sorted
  }

  public var count: Int { names.count }

  /// By binary search; nil for a name that is not under management.
  public func index(of name: String) -> VMIndex? {
    var low = 0
    var high = names.count
    while low < high {
      let middle = (low + high) / 2
      if byteOrder(names[middle], name) < 0 { low = middle + 1 } else { high = middle }
    }
    return low < names.count && names[low] == name ? VMIndex(low) : nil
  }

  /// The name of a VM; nil for an index that is not under management.
  public subscript(vm: VMIndex) -> String? {
    names.indices.contains(vm.int) ? names[vm.int] : nil
  }
}

/// Negative, zero or positive as `a` comes before, with or after `b` in byte-wise order.
func byteOrder(_ a: String, _ b: String) -> Int {
  var (a, b) = (a, b)
  return a.withUTF8 { left in
    b.withUTF8 { right in
      let common = min(left.count, right.count)
      if common > 0, let one = left.baseAddress, let other = right.baseAddress {
        let order = memcmp(one, other, common)
        if order != 0 { return Int(order) }
      }
      return left.count - right.count
    }
  }
}
