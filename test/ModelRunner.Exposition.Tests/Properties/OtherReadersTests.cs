using System.Text;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;

namespace ModelRunner.Exposition.Tests.Properties;

public sealed class OtherReadersTests
{
    [Theory]
    [InlineData("# TYPE a counter\na_total{b=\"\0}\"} 1 # {t=\"x\"} 1\n# EOF\n", false)]
    [InlineData("# TYPE a counter\na_total 1 # {t=\"}\"} 1\n# EOF\n", true)]
    [InlineData("# TYPE a counter\na_total 1 # {t=\"\0\"} 1\n# EOF\n", true)]
    [InlineData("# TYPE \"a\0\" gauge\n{\"a\0\"} 1\n# EOF\n", true)]
    [InlineData("# TYPE a gauge\na{\"b\0\"=\"c\"} 1\n# EOF\n", true)]
    public void Valid_pages_that_a_reader_refuses_are_known(string page, bool isRefused)
    {
        var families = OpenMetricsValidator.Read(Encoding.UTF8.GetBytes(page));

        Assert.Equal(isRefused, Record.Exception(() => OtherReaders.Check(families)) is InvalidPageException);
    }
}
