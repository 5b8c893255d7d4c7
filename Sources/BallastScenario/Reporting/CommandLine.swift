import BallastUnits

/// A moment of a run as scenarios write it: `2h30m`. A failure says what to write instead.
public func timeOfRun(_ text: String) -> Result<SimTime, TimeFault> {
  do throws(ValueFault) {
    return .success(SimTime(try Dimension.duration.amount(text)))
  } catch {
    return .failure(TimeFault(message: error.message, remedy: error.remedy))
  }
}

/// Why a text is no moment.
public struct TimeFault: Error, Equatable, CustomStringConvertible {
  public var message: String
  public var remedy: String
  public var description: String { "\(message); \(remedy)" }
}

/// The candidate that a mistyped name was most likely meant to be; nil where none is near.
public func nearestName(_ word: String, in candidates: [String]) -> String? {
  nearest(word, in: candidates)
}
