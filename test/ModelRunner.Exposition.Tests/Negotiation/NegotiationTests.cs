namespace ModelRunner.Exposition.Tests.Negotiation;

public sealed class NegotiationTests
{
    private const string Text = "text/plain; version=0.0.4; charset=utf-8";
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private const string Proto = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

    [Theory]
    [InlineData("text/plain;version=0.0.4;q=1,*/*;q=0.1", Text)] // 2.0 to 2.4
    [InlineData("application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Text)] // 2.5 to 2.33
    [InlineData(
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0."
            + "5,*/*;q=0.1",
        OpenMetrics)]
    [InlineData(
        Proto + ",application/openmetrics-text;version=1.0.0;"
            + "q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        OpenMetrics)]
    [InlineData(
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4"
            + ";q=0.3,*/*;q=0.2",
        OpenMetrics)]
    // 2.49.0
    [InlineData(
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4"
            + ";q=0.3,*/*;q=2",
        OpenMetrics)]
    // 3.0 to 3.2
    [InlineData(
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;escaping="
            + "allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;escapi"
            + "ng=allow-utf-8;q=0.3,*/*;q=0.2",
        OpenMetrics + "; escaping=allow-utf-8")]
    // 3.2.1 to 3.3
    [InlineData(
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;escaping="
            + "allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2",
        OpenMetrics + "; escaping=allow-utf-8")]
    // 3.4 on
    [InlineData(
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain"
            + ";version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        OpenMetrics + "; escaping=allow-utf-8")]
    [InlineData(
        Proto + ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
            + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        OpenMetrics + "; escaping=allow-utf-8")]
    [InlineData(
        "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain"
            + ";version=1.0.0;escaping=underscores;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        OpenMetrics + "; escaping=underscores")]
    [InlineData(
        "application/openmetrics-text;version=1.0.0;escaping=values;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain"
            + ";version=1.0.0;escaping=values;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        OpenMetrics + "; escaping=values")]
    [InlineData(
        "application/openmetrics-text;version=1.0.0;escaping=dots;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain"
            + ";version=1.0.0;escaping=dots;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        OpenMetrics + "; escaping=dots")]
    public void Every_Prometheus_gets_the_best_of_what_it_takes(string accept, string expected) =>
        Assert.Equal(expected, ContentNegotiation.Negotiate(accept).ContentType);

    [Theory]
    [InlineData(null, Text)]
    [InlineData("", Text)]
    [InlineData("*/*", Text)]
    [InlineData("application/json", Text)]
    [InlineData(",;=,", Text)]
    [InlineData(
        "text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3",
        "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8")]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.9", Text)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0", Text)]
    [InlineData("Application/OpenMetrics-Text; Version=\"1.0.0\"; Q=1", OpenMetrics)]
    [InlineData("application/openmetrics-text", OpenMetrics)]
    [InlineData("application/openmetrics-text;version=2.0.0", Text)]
    [InlineData("application/*", OpenMetrics)]
    [InlineData("text/*;q=0.1,*/*;q=0.9", OpenMetrics)]
    [InlineData("text/plain;version=0.0.4;escaping=allow-utf-8", Text + "; escaping=allow-utf-8")]
    [InlineData("text/plain", Text)]
    [InlineData("text/plain;version=0.0.4;q=0,*/*", OpenMetrics)] // all but text
    [InlineData("text/plain;version=0.0.4;q=0.2;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5", OpenMetrics)] // the first q counts
    [InlineData("application/openmetrics-text;version=1.0.0;q=7,text/plain;version=0.0.4;q=1", OpenMetrics)] // no more than 1, and named first
    [InlineData("text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=7", Text)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=-1,text/plain;q=0.1", Text)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=x", OpenMetrics)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=NaN,text/plain;q=0.5", OpenMetrics)]
    [InlineData("text/plain;version=0.0.3", Text)]
    [InlineData("application/*,*/*", Text)] // wildcards name nothing, so their order says nothing
    [InlineData("*/*,application/openmetrics-text", OpenMetrics)]
    [InlineData("*/*;escaping=allow-utf-8", Text)]
    [InlineData(
        "application/openmetrics-text;version=1.0.0;escaping=values,application/openmetrics-text;version=1.0.0;escaping=dots",
        OpenMetrics + "; escaping=values")]
    [InlineData("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", Text)]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Text)] // a browser
    public void Other_clients_get_what_they_ask_for_or_text(string? accept, string expected) =>
        Assert.Equal(expected, ContentNegotiation.Negotiate(accept).ContentType);

    [Theory]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=values", NameEscaping.Values)]
    [InlineData("text/plain;version=0.0.4", NameEscaping.Underscores)]
    [InlineData("text/plain;version=1.0.0;escaping=nonsense", NameEscaping.Underscores)]
    public void Escaping_is_what_was_asked_for_or_underscores(string accept, NameEscaping expected) =>
        Assert.Equal(expected, ContentNegotiation.Negotiate(accept).Escaping);

    [Theory]
    [InlineData(null, false)]
    [InlineData("gzip", true)]
    [InlineData("gzip, br, deflate", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("*;q=0.5", true)]
    [InlineData("gzip;q=0, *", false)]
    [InlineData("identity", false)]
    [InlineData("zstd", false)]
    [InlineData("identity;q=1, gzip;q=0.5", false)]
    [InlineData("GZip;Q=1.0", true)]
    [InlineData("x-gzip", true)]
    [InlineData("", false)]
    [InlineData("*", true)]
    [InlineData("*;q=0", false)]
    [InlineData("identity;q=0", false)]
    [InlineData("identity;q=0, *;q=0.1", true)]
    [InlineData("identity;q=0.5, gzip;q=0.5", true)]
    [InlineData("identity;q=0.5, *;q=0", false)]
    [InlineData("gzip;q=0.001", true)]
    [InlineData("deflate, gzip;q=1.0, *;q=0.5", true)]
    [InlineData("gzipped", false)]
    public void Gzip_is_used_where_it_is_allowed(string? header, bool expected) =>
        Assert.Equal(expected, ContentNegotiation.AcceptsGzip(header));
}
