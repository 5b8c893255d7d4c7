import BallastUnits
import Testing

/// The examples of FIPS 180-4 (NIST "SHA256.pdf" and the one million letters a).
@Suite struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func knownDigests(text: String, digest: String) {
    #expect(SHA256.hex(of: Array(text.utf8)) == digest)
  }

  /// 1,000,000 times "a", in pieces of every awkward size.
  @Test func piecesMakeNoDifference() {
    let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    let digest = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    for size in [63, 64, 65, 4_096, 1_000_000] {
      var hash = SHA256()
      letters.withUnsafeBytes { bytes in
        for start in stride(from: 0, to: bytes.count, by: size) {
          hash.update(
            UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + size, bytes.count)]))
        }
      }
      #expect(hash.hexDigest() == digest)
    }
  }

  /// Taking a digest does not disturb what follows.
  @Test func aDigestMayBeTakenInBetween() {
    var hash = SHA256()
    hash.update("a")
    _ = hash.hexDigest()
    hash.update("bc")
    #expect(hash.hexDigest() == SHA256.hex(of: Array("abc".utf8)))
  }
}
