namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>A line cannot be read.</summary>
internal sealed class OracleLineException(ExpositionErrorReason reason) : Exception(reason.ToString())
{
    public ExpositionErrorReason Reason => reason;
}
