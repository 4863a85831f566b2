using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using ModelRunner.Daemon.Tracing;

namespace ModelRunner.Daemon.Tests.Tracing;

public sealed class TraceHeadersTests
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Theory]
    [InlineData(Parent, "01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "00")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02", "02")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", "03")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff", "03")]
    [InlineData("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "01")]
    public void A_context_is_passed_on(string parent, string flags)
    {
        ActivityContext context = TraceHeaders.Read(Headers(parent, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"))!.Value;
        using var request = new HttpRequestMessage();
        TraceHeaders.Write(context, request.Headers);

        Assert.True(context.IsRemote);
        Assert.Equal([$"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}"], request.Headers.GetValues("traceparent"));
        Assert.Equal(["congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"], request.Headers.GetValues("tracestate"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more")]
    [InlineData("hello\r\nx: y")]
    public void An_invalid_context_is_no_context(string parent) => Assert.Null(TraceHeaders.Read(Headers(parent, "a=b")));

    [Fact]
    public void Two_contexts_are_none() => Assert.Null(TraceHeaders.Read(new HeaderDictionary { ["traceparent"] = new([Parent, Parent]) }));

    [Fact]
    public void Several_headers_with_the_state_are_one() =>
        Assert.Equal("a=1,b=2", TraceHeaders.Read(new HeaderDictionary { ["traceparent"] = Parent, ["tracestate"] = new(["a=1", "b=2"]) })!.Value.TraceState);

    [Theory]
    [InlineData("a=ä")]
    [InlineData("a=\u0001")]
    [InlineData("hello")]
    [InlineData("A=1")]
    [InlineData("=1")]
    [InlineData("a=")]
    [InlineData("a=1=2")]
    [InlineData("a=1,a=2")]
    [InlineData("a b=1")]
    [InlineData("a@=1")]
    [InlineData("@b=1")]
    [InlineData("a@b@c=1")]
    [InlineData("a=1;b=2,c")]
    [InlineData(",")]
    public void An_invalid_state_is_left_out(string state) => Assert.Null(TraceHeaders.Read(Headers(Parent, state))!.Value.TraceState);

    [Fact]
    public void A_long_state_is_left_out()
    {
        string entry = "a=" + new string('x', 251);
        Assert.Equal(512, TraceHeaders.Read(Headers(Parent, $"{entry},b={new string('x', 256)}"))!.Value.TraceState!.Length);
        Assert.Null(TraceHeaders.Read(Headers(Parent, $"{entry}x,b={new string('x', 256)}"))!.Value.TraceState);
        Assert.Null(TraceHeaders.Read(Headers(Parent, "b=" + new string('x', 257)))!.Value.TraceState);
    }

    [Theory]
    [InlineData("a= b c~!,tenant-1@sys_2=x, z/*=1")]
    [InlineData("a=1,,b=2")]
    [InlineData("1a=1")]
    public void A_valid_state_stays_as_it_is(string state) => Assert.Equal(state, TraceHeaders.Read(Headers(Parent, state))!.Value.TraceState);

    [Fact]
    public void A_state_has_at_most_32_entries()
    {
        string[] entries = [.. Enumerable.Range(0, 33).Select(static number => FormattableString.Invariant($"a{number}=1"))];
        Assert.NotNull(TraceHeaders.Read(Headers(Parent, string.Join(',', entries[..32])))!.Value.TraceState);
        Assert.Null(TraceHeaders.Read(Headers(Parent, string.Join(',', entries)))!.Value.TraceState);
    }

    [Fact]
    public void A_span_keeps_what_the_client_said_of_the_id_of_the_trace()
    {
        var span = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        foreach ((string flags, string expected) in (ReadOnlySpan<(string, string)>)[("02", "-03"), ("03", "-03"), ("00", "-01")])
        {
            using var request = new HttpRequestMessage();
            TraceHeaders.Write(TraceHeaders.WithFlagsOf(span, TraceHeaders.Read(Headers(Parent[..^2] + flags, "a=b"))), request.Headers);
            Assert.EndsWith(expected, Assert.Single(request.Headers.GetValues("traceparent")), StringComparison.Ordinal);
        }
    }

    private static HeaderDictionary Headers(string parent, string state) => new() { ["traceparent"] = parent, ["tracestate"] = state };
}
