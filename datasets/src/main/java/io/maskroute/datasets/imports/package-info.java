/**
 * Every format that can be imported, by name: {@link io.maskroute.datasets.imports.DatasetImports}; and those formats that need no
 * package of their own, a class each. Depends on the formats' packages, {@code coco}, {@code mask}, {@code schema} and
 * {@code writer}.
 */
package io.maskroute.datasets.imports;
