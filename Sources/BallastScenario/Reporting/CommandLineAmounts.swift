import BallastUnits

/// A size on the command line, as scenarios write it: `8GiB`.
public func sizeOfOption(_ text: String) -> Result<Bytes, TimeFault> {
  amount(text, .memory).map { Bytes($0) }
}

/// A percentage on the command line: `25%`.
public func percentageOfOption(_ text: String) -> Result<PartsPerMillion, TimeFault> {
  amount(text, .percentage).map { PartsPerMillion($0) }
}

private func amount(_ text: String, _ dimension: Dimension) -> Result<Int64, TimeFault> {
  do throws(ValueFault) {
    return .success(try dimension.amount(text))
  } catch {
    return .failure(TimeFault(message: error.message, remedy: error.remedy))
  }
}
