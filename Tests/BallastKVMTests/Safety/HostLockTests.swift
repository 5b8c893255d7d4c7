import Foundation
import Testing

@testable import BallastKVM

/// Two controllers of one host exclude each other, wherever they keep their state.
struct HostLockTests {
  private func folder() throws -> String {
    let path = NSTemporaryDirectory() + "ballast-lock-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// The second is told who holds it; another host is another lock; when the first goes, it is free.
  @Test func theHostIsLockedNotTheStateDirectory() throws {
    let place = try folder()
    defer { try? FileManager.default.removeItem(atPath: place) }
    var first: HostLock? = try HostLock(host: "x:///", stateDirectory: "/a", places: [place])
    let fault = #expect(throws: StateFault.self) {
      try HostLock(host: "x:///", stateDirectory: "/b", places: [place])
    }
    #expect(fault?.kind == .held)
    #expect(
      fault?.description
        == "another controller, process \(getpid()) with --state-dir /a, manages x:///; stop it first"
    )
    #expect(throws: Never.self) {
      try HostLock(host: "y:///", stateDirectory: "/b", places: [place])
    }
    withExtendedLifetime(first) {}
    first = nil
    #expect(throws: Never.self) {
      try HostLock(host: "x:///", stateDirectory: "/b", places: [place])
    }
  }

  /// One who may not write in the first place meets one who may in the second.
  @Test func anyPlaceInCommonIsEnough() throws {
    let (a, b) = (try folder(), try folder())
    defer { for path in [a, b] { try? FileManager.default.removeItem(atPath: path) } }
    let first = try HostLock(host: "x", stateDirectory: "/a", places: [a + "/none", b])
    #expect(throws: StateFault.self) {
      try HostLock(host: "x", stateDirectory: "/b", places: [a, b])
    }
    // Who was kept out holds nothing of it.
    #expect(throws: Never.self) { try HostLock(host: "x", stateDirectory: "/c", places: [a]) }
    withExtendedLifetime(first) {}
  }

  @Test func withoutAPlaceThereIsNoLock() throws {
    let place = try folder()
    defer { try? FileManager.default.removeItem(atPath: place) }
    let fault = #expect(throws: StateFault.self) {
      try HostLock(host: "x", stateDirectory: "/a", places: [place + "/none"])
    }
    #expect(fault?.kind == .cannotWrite)
  }

  /// In a folder that all may write to, somebody has put a link there: what it names stays as it is.
  @Test func aLinkIsNotFollowed() throws {
    let place = try folder()
    defer { try? FileManager.default.removeItem(atPath: place) }
    try replaceFile(place + "/precious", with: [1, 2, 3])
    let path = HostLock.path(of: "x", in: place)
    try FileManager.default.createSymbolicLink(
      atPath: path, withDestinationPath: place + "/precious")
    #expect(throws: StateFault.self) {
      try HostLock(host: "x", stateDirectory: "/a", places: [place])
    }
    #expect(try bytesOfFile(place + "/precious") == [1, 2, 3])
  }
}
