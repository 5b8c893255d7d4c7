/// Uninitialised room for integers, owned by one value and freed with it.
///
/// Scratch memory of the hot paths: an array would check for uniqueness and bounds at every element.
public struct IntegerBlock: ~Copyable {
  public private(set) var base: UnsafeMutablePointer<Int64>
  public private(set) var count: Int

  public init(count: Int) {
    base = .allocate(capacity: count)
    self.count = count
  }

  deinit { base.deallocate() }

  /// Makes room for `needed` integers. Contents are lost when the block grows; it never shrinks.
  public mutating func reserve(_ needed: Int) {
    if needed > count { grow(to: needed) }
  }

  /// At least doubles, so that a slowly growing host does not allocate at every step.
  @inline(never)
  private mutating func grow(to needed: Int) {
    base.deallocate()
    count = max(needed, 2 * count)
    base = .allocate(capacity: count)
  }
}
