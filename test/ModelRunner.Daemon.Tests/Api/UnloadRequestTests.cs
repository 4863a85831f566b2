using System.Text;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Tests.Api;

public sealed class UnloadRequestTests
{
    [Theory]
    [InlineData("""{"all":true}""", true, null, "")]
    [InlineData("""{"all":true,"backend":"","models":[]}""", true, null, "")]
    [InlineData("""{"all":false,"backend":"vllm","models":["a","b"]}""", false, "vllm", "a,b")]
    [InlineData("""{"models":["a"],"backend":null}""", false, null, "a")]
    public void The_unload_format_of_Docker_Model_Runner_is_accepted(string body, bool isAll, string? backend, string models)
    {
        UnloadRequest request = UnloadRequest.Read(Encoding.UTF8.GetBytes(body));

        Assert.Equal((isAll, backend, models), (request.IsAll, request.Backend, string.Join(',', request.Models)));
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "selects nothing")]
    [InlineData("""{"backend":"llama.cpp","models":[]}""", "selects nothing")]
    [InlineData("""{"all":"yes"}""", "neither true nor false")]
    [InlineData("""{"models":"a"}""", "not a list")]
    [InlineData("""{"models":[1]}""", "not a string")]
    [InlineData("""{"all":true,"backend":7}""", "not a string")]
    public void An_invalid_unload_request_is_refused_with_the_reason(string body, string reason)
    {
        ApiError error = Assert.Throws<ApiException>(() => UnloadRequest.Read(Encoding.UTF8.GetBytes(body))).Error;

        Assert.Equal(400, error.Status);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }
}
