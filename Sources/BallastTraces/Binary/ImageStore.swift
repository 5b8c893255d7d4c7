import BallastModel
import Glibc

/// Where a binary image is put together: memory while it is small, else a temporary file, mapped at the end.
final class ImageStore {
  private let memory: UnsafeMutableRawPointer?
  private let capacity: Int
  private let file: TemporaryFile?
  private var isFinished = false

  /// `capacity` is the most that may be written; pages that are never touched cost nothing.
  init(capacity: Int, memoryBudget: Int) throws(ScenarioProblem) {
    self.capacity = capacity
    guard capacity <= memoryBudget else {
      memory = nil
      file = try TemporaryFile()
      return
    }
    let region = mmap(
      nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let region, region != MAP_FAILED else { throw unreadable("memory for the trace") }
    memory = region
    file = nil
  }

  deinit {
    if let memory, !isFinished { munmap(memory, capacity) }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ScenarioProblem) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    precondition(offset + bytes.count <= capacity, "an image outgrew the room planned for it")
    if let memory { memcpy(memory + offset, start, bytes.count) }
    try file?.write(bytes, at: offset)
  }

  func write<Element: BitwiseCopyable>(
    _ elements: [Element], at offset: Int
  ) throws(ScenarioProblem) {
    try elements.withUnsafeBufferPointer { part throws(ScenarioProblem) in
      try write(UnsafeRawBufferPointer(part), at: offset)
    }
  }

  /// Moves bytes towards the beginning.
  func move(from source: Int, to target: Int, count: Int) throws(ScenarioProblem) {
    if source == target || count == 0 { return }
    if let memory { memmove(memory + target, memory + source, count) }
    guard let file else { return }
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { room.deallocate() }
    var done = 0
    while done < count {
      let part = UnsafeMutableRawBufferPointer(rebasing: room[..<min(room.count, count - done)])
      try file.read(into: part, at: source + done)
      try file.write(UnsafeRawBufferPointer(part), at: target + done)
      done += part.count
    }
  }

  /// The first `count` bytes as they are now; nothing may be written after this.
  func finish(count: Int) throws(ScenarioProblem) -> MappedBytes {
    isFinished = true
    if let memory {
      let page = Int(getpagesize())
      let kept = (count + page - 1) / page * page
      if kept < capacity { munmap(memory + kept, capacity - kept) }
      return MappedBytes(owning: memory, count: count)
    }
    let file = file!
    if ftruncate(file.descriptor, off_t(count)) != 0 { throw file.failure() }
    return try MappedBytes(descriptor: file.descriptor, count: count, path: "temporary data")
  }
}

/// Appends 32- or 64-bit integers to one region of an image through a buffer.
struct ColumnWriter<Element: FixedWidthInteger & BitwiseCopyable> {
  private let store: ImageStore
  let start: Int
  private var buffer: [Element] = []
  private var flushed = 0

  init(_ store: ImageStore, at start: Int) {
    self.store = store
    self.start = start
    buffer.reserveCapacity(1 << 15)
  }

  var count: Int { flushed + buffer.count }
  var byteCount: Int { count * MemoryLayout<Element>.stride }

  @inline(__always)
  mutating func append(_ value: Element) throws(ScenarioProblem) {
    buffer.append(value)
    if buffer.count == 1 << 15 { try flush() }
  }

  /// Forgets all but the first `kept` integers.
  mutating func truncate(to kept: Int) {
    if kept >= flushed {
      buffer.removeLast(count - kept)
    } else {
      buffer.removeAll(keepingCapacity: true)
      flushed = kept
    }
  }

  mutating func flush() throws(ScenarioProblem) {
    try store.write(buffer, at: start + flushed * MemoryLayout<Element>.stride)
    flushed += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }
}
