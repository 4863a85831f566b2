using Microsoft.AspNetCore.Http;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Keys;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Inference;

public sealed class PriorityHeaderTests
{
    [Theory]
    [InlineData(RequestPriority.Interactive, null, RequestPriority.Interactive)]
    [InlineData(RequestPriority.Interactive, "background", RequestPriority.Background)]
    [InlineData(RequestPriority.Background, null, RequestPriority.Background)]
    [InlineData(RequestPriority.Background, "interactive", RequestPriority.Background)]
    public void The_lowest_class_of_key_and_header_counts(RequestPriority ofKey, string? header, RequestPriority expected)
    {
        var context = new DefaultHttpContext();
        context.Features.Set(new Caller("ada", new KeySettings("ada", KeyDigest.Of("secret")) { Priority = ofKey }));
        if (header is not null)
            context.Request.Headers[PriorityHeader.Name] = header;

        Assert.Equal(expected, PriorityHeader.Read(context));
    }

    [Fact]
    public void Without_key_and_header_a_request_is_interactive() =>
        Assert.Equal(RequestPriority.Interactive, PriorityHeader.Read(new DefaultHttpContext()));
}
