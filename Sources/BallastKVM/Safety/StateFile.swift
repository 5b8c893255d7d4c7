import Foundation

/// The originals of every knob that a controller touches, on disk before the first change: whatever becomes of the
/// controller, `ballast host restore` can put the host back.
///
/// One JSON object, replaced as a whole. It is gone when there is nothing to restore.
public struct StateFile: Sendable {
  public let path: String
  public private(set) var touched: TouchedHost

  /// Opens the file of a directory, or begins a new one.
  ///
  /// - Throws: where it is there and cannot be read: then nobody knows the originals, and nothing may be changed.
  public init(directory: String, connection: String) throws(StateFault) {
    path = directory + "/originals.json"
    touched = TouchedHost(connection: connection)
    guard let bytes = try bytesOfFile(path) else { return }
    do {
      touched = try JSONDecoder().decode(TouchedHost.self, from: Data(bytes))
    } catch {
      throw StateFault(
        .damaged,
        "\(path) is damaged: it holds the originals of what was changed on the host; put it right,"
          + " or move it away if the host is as it should be")
    }
    guard touched.schemaVersion == TouchedHost.formatVersion else {
      throw StateFault(
        .damaged, "\(path) was written by another version of Ballast; restore with that one")
    }
    guard touched.connection == connection || touched.isEmpty else {
      throw StateFault(
        .damaged,
        "\(path) is about \(touched.connection), not \(connection); use another --state-dir")
    }
  }

  /// Saves originals and what is about to be written, synced, and only then returns.
  public mutating func save(_ next: TouchedHost) throws(StateFault) {
    guard next != touched else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    guard let data = try? encoder.encode(next) else {
      throw StateFault(.cannotWrite, "cannot write \(path): the originals cannot be encoded")
    }
    try replaceFile(path, with: [UInt8](data) + [10])
    touched = next
  }

  /// Everything is as it was: the file goes.
  public mutating func clear() throws(StateFault) {
    touched = TouchedHost(connection: touched.connection)
    guard unlink(path) != 0, errno != ENOENT else { return }
    throw StateFault(.cannotWrite, "cannot remove \(path): \(systemWords())")
  }
}
