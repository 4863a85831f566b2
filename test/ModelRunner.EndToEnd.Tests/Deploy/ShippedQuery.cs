namespace ModelRunner.EndToEnd.Tests.Deploy;

/// <summary>A query of a dashboard or of a rule, as Prometheus gets it.</summary>
/// <param name="Place">Where it is, for messages: the panel or the rule.</param>
/// <param name="Text">Its PromQL, with all variables of the dashboard replaced.</param>
internal sealed record ShippedQuery(string Place, string Text);
