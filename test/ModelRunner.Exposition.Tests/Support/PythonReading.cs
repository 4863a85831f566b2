namespace ModelRunner.Exposition.Tests.Support;

/// <summary>What prometheus_client reads of one page: an error, or each sample as one text, sorted.</summary>
internal sealed record PythonReading(string? Error, IReadOnlyList<string> Samples);
