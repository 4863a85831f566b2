using System.Text;
using ModelRunner.Exposition;

namespace ModelRunner.Fuzz.Targets;

/// <summary>Whatever stands in the headers, the answer is one of those that we can give.</summary>
internal static class NegotiationTarget
{
    public static void AnswersAnything(byte[] input)
    {
        var header = Encoding.Latin1.GetString(input);
        var answer = ContentNegotiation.Negotiate(header);
        _ = ContentNegotiation.AcceptsGzip(header);
        var prefix = answer.Format == ExpositionFormat.OpenMetrics100 ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=";
        if (!answer.ContentType.StartsWith(prefix, StringComparison.Ordinal))
            throw new FuzzException($"{answer.ContentType} for {answer.Format}");
    }
}
