namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>A page breaks a rule of its format. The message names the rule and the line.</summary>
internal sealed class InvalidPageException(string message) : Exception(message);
