namespace ModelRunner.Exposition;

/// <summary>Why a line or a sample was left out. A closed list: each value is one label value of a counter.</summary>
public enum ExpositionErrorReason
{
    /// <summary>The line does not begin with a metric name where one must stand.</summary>
    InvalidName,
}
