import {
  EditModule, FilterModule, FormatModule, InteractionModule, ResizeTableModule, SelectRowModule,
  SortModule, Tabulator,
} from "tabulator-tables";

Tabulator.registerModule([
  EditModule, FilterModule, FormatModule, InteractionModule, ResizeTableModule, SelectRowModule,
  SortModule,
]);

export { Tabulator };
