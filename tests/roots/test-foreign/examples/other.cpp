// Another language
// ================
//
// It is left to Sphinx-Gallery.

int main() { return 0; }
