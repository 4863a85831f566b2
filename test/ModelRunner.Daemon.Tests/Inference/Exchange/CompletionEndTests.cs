using System.Text;
using ModelRunner.Daemon.Inference.Exchange;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

public sealed class CompletionEndTests
{
    [Theory]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"send [DONE] now\"},\"finish_reason\":null}]}\n", true)]
    [InlineData("data: {\"error\":null,\"choices\":[{\"delta\":{},\"finish_reason\":null}]}\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"\\\"error\\\":1\"},\"finish_reason\":null}]}\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n", false)]
    [InlineData("data: {\"choices\":[]}\n\ndata: [DONE]\r\n", false)]
    [InlineData("data: {\"choices\":[]}\n\ndata:[DONE]\n", false)]
    [InlineData("data: {\"choices\":[]}\ndata: {\"error\":{\"message\":\"x\"}}\n", false)]
    [InlineData("data: {\"usage\":{}}\n", false)]
    public void A_stream_of_choices_needs_an_end(string lines, bool isMissing)
    {
        var end = new CompletionEnd();
        end.Look(Encoding.UTF8.GetBytes(lines));
        Assert.Equal(isMissing, end.IsMissing);
    }
}
