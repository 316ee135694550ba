"""The whole story played on the real engines, and the attacks that must fail, each beside a twin that passes."""
