import BallastUnits

/// Events waiting for their time, earliest first.
///
/// Order     (time, phase, sequence). The sequence counts pushes, so equal times and phases pop in
///           the order they were pushed, and no two entries ever tie.
/// Structure a heap with four children per node: half the depth of a binary heap, and the children
///           of a node lie side by side in memory.
/// Cost      O(log n) per push and pop; keep `Payload` small (an index or a small enum), as
///           entries move by value.
///
/// A value: copying the queue copies what is pending, and both copies continue alike.
public struct EventQueue<Payload> {
  @usableFromInline var heap: [Entry] = []
  /// Pushes since the queue was made or emptied by `removeAll`.
  @usableFromInline var pushCount: UInt64 = 0

  /// An event waiting for its time.
  public struct Entry {
    public let time: SimTime
    /// Phase in the top 8 bits, sequence in the other 56: one comparison instead of two.
    @usableFromInline let order: UInt64
    public let payload: Payload

    @inlinable init(time: SimTime, phase: UInt8, sequence: UInt64, payload: Payload) {
      self.time = time
      self.order = UInt64(phase) << 56 | sequence
      self.payload = payload
    }

    /// Rank among events of one instant; lower phases come first.
    @inlinable public var phase: UInt8 { UInt8(truncatingIfNeeded: order >> 56) }
    /// How many pushes came before this one.
    @inlinable public var sequence: UInt64 { order & EventQueue.sequenceMax }
    /// The whole order in one number, which compares without a branch.
    @inlinable var key: Int128 { Int128(_low: order, _high: time.value) }
  }

  @inlinable public init() {}

  @inlinable public var count: Int { heap.count }
  @inlinable public var isEmpty: Bool { heap.isEmpty }

  /// The entry `pop` would return.
  @inlinable public func peek() -> Entry? { heap.first }

  /// Adds an event.
  @inlinable
  public mutating func push(_ payload: Payload, at time: SimTime, phase: UInt8 = 0) {
    precondition(pushCount < Self.sequenceMax, "the event queue has used up 2^56 sequence numbers")
    let entry = Entry(time: time, phase: phase, sequence: pushCount, payload: payload)
    pushCount += 1
    heap.append(entry)
    heap.withUnsafeMutableBufferPointer { heap in
      let nodes = heap.baseAddress.unsafelyUnwrapped
      let last = heap.count - 1
      Self.rise((nodes + last).move(), from: last, in: nodes)
    }
  }

  /// Removes and returns the first event, or nil if none is pending.
  @inlinable
  public mutating func pop() -> Entry? {
    guard let last = heap.popLast() else { return nil }
    if heap.isEmpty { return last }
    return heap.withUnsafeMutableBufferPointer { heap in
      let nodes = heap.baseAddress.unsafelyUnwrapped
      let first = nodes.move()
      let hole = Self.sink(in: nodes, count: heap.count)
      Self.rise(last, from: hole, in: nodes)
      return first
    }
  }

  /// Forgets every event and starts the sequence again.
  @inlinable
  public mutating func removeAll(keepingCapacity: Bool = false) {
    heap.removeAll(keepingCapacity: keepingCapacity)
    pushCount = 0
  }

  /// Makes room for `count` pending events.
  @inlinable public mutating func reserve(_ count: Int) { heap.reserveCapacity(count) }

  @usableFromInline static var sequenceMax: UInt64 { @inlinable get { 1 << 56 - 1 } }

  /// Walks the empty root down to a leaf, always filling it from its earliest child, and returns
  /// where the hole ends. The last entry nearly always belongs near a leaf, so this is cheaper than
  /// comparing it at every level on the way down.
  @inlinable
  static func sink(in nodes: UnsafeMutablePointer<Entry>, count: Int) -> Int {
    var hole = 0
    while true {
      let child = 4 * hole + 1
      var least = child
      if child + 3 < count {
        let a = nodes[child + 1].key < nodes[child].key ? child + 1 : child
        let b = nodes[child + 3].key < nodes[child + 2].key ? child + 3 : child + 2
        least = nodes[b].key < nodes[a].key ? b : a
      } else if child < count {
        for next in child..<count where nodes[next].key < nodes[least].key { least = next }
      } else {
        return hole
      }
      (nodes + hole).initialize(to: (nodes + least).move())
      hole = least
    }
  }

  /// Moves an empty place up from `start` to where `entry` belongs and fills it.
  @inlinable
  static func rise(_ entry: consuming Entry, from start: Int, in nodes: UnsafeMutablePointer<Entry>)
  {
    var hole = start
    let key = entry.key
    while hole > 0 {
      let parent = (hole - 1) / 4
      if nodes[parent].key < key { break }
      (nodes + hole).initialize(to: (nodes + parent).move())
      hole = parent
    }
    (nodes + hole).initialize(to: entry)
  }
}

extension EventQueue: Sendable where Payload: Sendable {}
extension EventQueue.Entry: Sendable where Payload: Sendable {}
